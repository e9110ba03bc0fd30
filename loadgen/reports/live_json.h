#pragma once

#include <string>
#include <string_view>

#include "loadgen/reports/run_listener.h"
#include "net/descriptor.h"
#include "os/files.h"

namespace fanin::load {

// Writes one line of JSON per second of a run, as docs/contracts.md says, each at the end of the second.
// Used by the controlling thread and never blocks it during a run: lines that a pipe does not take are buffered. An
// error (disk full, reader gone) ends the lines but not the run, and error() says why.
class LiveJson : public RunListener {
 public:
  // "-" is standard output. Throws std::runtime_error with the path and advice.
  explicit LiveJson(const std::string& path);

  // Starts the next run; the first is number 1.
  void begin_run() noexcept;
  // Waits until the reader has taken all lines of the run; a handled signal ends the wait and the lines.
  void end_run() noexcept;

  void progress(const Progress& progress) override;
  void second(const FinishedSecond& second) override;

  bool is_standard_output() const noexcept { return !owned_; }
  int error() const noexcept { return error_; }  // errno; 0: none

 private:
  void write_line(const std::string& line);
  void write_pending(os::Wait wait) noexcept;

  net::Descriptor owned_;
  int fd_;
  int error_ = 0;
  std::string pending_;  // not written yet
  unsigned run_ = 0;
  Progress last_{};          // at the latest line before the window
  Progress latest_{};        // known
  Nanoseconds next_line_{};  // in the phase
};

}  // namespace fanin::load
