#pragma once

#include <string_view>

#include "loadgen/runs/run.h"

namespace fanin::load {

// Tells a monitor at the other end of a socket or pipe how far the run is, one line of JSON per event, and holds the
// connections for it at the end (docs/contracts.md). A monitor that has gone away disturbs nothing. Borrows the
// descriptor; used by the directing thread.
class ControlChannel : public RunListener {
 public:
  // Throws std::invalid_argument if `fd` is not open.
  explicit ControlChannel(int fd);

  void established(std::uint64_t connections) override;
  void window_opened(TimePoint at) override;
  void window_closed(TimePoint at) override;
  // Returns on a newline, at the end of the file, after 10 s, or on a signal.
  void hold() override;

 private:
  void write_border(std::string_view event, TimePoint at) noexcept;
  void write_line(std::string_view line) noexcept;
  int fd_;
};

}  // namespace fanin::load
