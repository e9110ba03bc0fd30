#pragma once

#include <deque>
#include <optional>
#include <string>

#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin::harness {

struct ControlEvent {
  std::string name;
  std::optional<net::TimePoint> at;  // when it happened, for the window's borders
};

// The harness's end of fanin-load's control socket (docs/contracts.md): JSON lines come in, a newline lets the
// generator go on. One thread.
class ControlChannel {
 public:
  ControlChannel();

  int generator_end() const noexcept { return theirs_.get(); }
  void close_generator_end() noexcept { theirs_.reset(); }  // once the generator has its copy
  int fd() const noexcept { return ours_.get(); }           // -1 after the generator has closed its end

  bool has_event();

  // The next event that has arrived, nothing where there is none. A line that is no event counts as one called "?".
  std::optional<ControlEvent> next_event();

  void release();  // lets the generator close its connections

 private:
  void drain();

  net::Descriptor ours_;
  net::Descriptor theirs_;
  std::string partial_;
  std::deque<std::string> lines_;
};

}  // namespace fanin::harness
