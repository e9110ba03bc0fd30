#pragma once

#include <string_view>

#include "loadgen/runs/run.h"

namespace fanin::load {

// Writes one line of JSON per event of the run to a socket or pipe, and holds the connections open at the end until the
// monitor answers (docs/contracts.md). A monitor that is gone is ignored. Borrows the descriptor; used by the
// controlling thread.
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
