#pragma once

#include <string_view>
#include <vector>

#include "loadgen/records/recorder.h"
#include "loadgen/runs/run.h"

namespace fanin::load {

// Reports the progress of a run to its listeners, from the threads' records so far. Used by the controlling thread.
class Announcer {
 public:
  // Both arguments and what they point to must outlive this.
  Announcer(const std::vector<RunListener*>& listeners, std::vector<const Recorder*> recorders)
      : listeners_(listeners), recorders_(std::move(recorders)), series_(recorders_) {}

  void established() const;  // before the start, so the counts do not change
  void window_opened(TimePoint at) const;
  void window_closed(TimePoint at) const;
  void hold() const;
  // Reports progress and the finished seconds of the window.
  void show(RunListener::Progress::Phase phase, Nanoseconds elapsed);

 private:
  void report_seconds();
  Nanoseconds measure_length(const SecondOfAll& second) const;

  const std::vector<RunListener*>& listeners_;
  const std::vector<const Recorder*> recorders_;  // of all threads
  SeriesReader series_;
};

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
