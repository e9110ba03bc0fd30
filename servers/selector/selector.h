#pragma once

#include <memory>
#include <string_view>

namespace fanin::server {

// Called when its registered descriptor is ready. May register and remove descriptors, including its own.
class ReadyHandler {
 public:
  virtual ~ReadyHandler() = default;
  virtual void on_ready() = 0;
};

// Waits for descriptors and calls their handlers, by one of several mechanisms of the system. Borrows the handlers,
// which must live until they are removed. One thread.
class Selector {
 public:
  enum class Interest { kRead, kWrite };

  virtual ~Selector() = default;

  // False, and counted, if this mechanism or the kernel's memory has no room for the descriptor.
  virtual bool add(int fd, Interest interest, ReadyHandler& handler) = 0;
  virtual void change(int fd, Interest interest) = 0;
  // Call before the descriptor is closed.
  virtual void remove(int fd) = 0;

  // Waits once, at most `timeout_ms` (-1: no limit), and calls the handlers of ready descriptors; none after a signal.
  virtual void wait(int timeout_ms) = 0;
};

// The mechanism `name`, or the best available one if `name` is empty. Throws std::invalid_argument if it is unknown or
// unavailable, std::system_error if its set-up fails.
std::unique_ptr<Selector> make_selector(std::string_view name);

}  // namespace fanin::server
