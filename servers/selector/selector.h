#pragma once

#include <memory>
#include <string_view>

namespace fanin::server {

// What is called when the descriptor that it was registered with is ready. May register and remove descriptors, its own
// among them.
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

  // False where this mechanism, or the kernel's memory, has no room for the descriptor; counted.
  virtual bool add(int fd, Interest interest, ReadyHandler& handler) = 0;
  virtual void change(int fd, Interest interest) = 0;
  // Before the descriptor is closed.
  virtual void remove(int fd) = 0;

  // Waits once, at most `timeout_ms` (-1: without end), and calls the handlers of what is ready; none where a signal
  // came.
  virtual void wait(int timeout_ms) = 0;
};

// A row of the table of mechanisms.
struct SelectorMechanism {
  std::string_view name;
  bool (*available)();  // asks the system
  std::unique_ptr<Selector> (*make)();
};

// The mechanism `name`, or the best that the system offers where `name` is empty. Throws std::invalid_argument for one
// that is unknown or not offered, std::system_error where it cannot be set up.
std::unique_ptr<Selector> make_selector(std::string_view name);

extern const SelectorMechanism kEpollMechanism;
extern const SelectorMechanism kPollMechanism;
extern const SelectorMechanism kSelectMechanism;

}  // namespace fanin::server
