#pragma once

#include <vector>

#include "loadgen/records/recorder.h"
#include "loadgen/records/series_reader.h"
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
  void tell_seconds();
  Nanoseconds measure_length(const SecondOfAll& second) const;

  const std::vector<RunListener*>& listeners_;
  const std::vector<const Recorder*> recorders_;  // of all threads
  SeriesReader series_;
};

}  // namespace fanin::load
