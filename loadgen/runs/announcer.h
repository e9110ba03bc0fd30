#pragma once

#include <vector>

#include "loadgen/records/recorder.h"
#include "loadgen/records/series_reader.h"
#include "loadgen/runs/run.h"

namespace fanin::load {

// Tells the listeners of a run how far it is, from what the threads have recorded so far. Used by the thread that
// directs the run.
class Announcer {
 public:
  // Both, and what they point to, must outlive this.
  Announcer(const std::vector<RunListener*>& listeners, std::vector<const Recorder*> recorders)
      : listeners_(listeners), recorders_(std::move(recorders)), series_(recorders_) {}

  void established() const;  // the threads wait for the start, so their counts stand still
  void window_opened(TimePoint at) const;
  void window_closed(TimePoint at) const;
  void hold() const;
  // Progress, and the seconds of the window that are over.
  void show(RunListener::Progress::Phase phase, Nanoseconds elapsed);

 private:
  void tell_seconds();
  Nanoseconds measure_length(const SecondOfAll& second) const;

  const std::vector<RunListener*>& listeners_;
  const std::vector<const Recorder*> recorders_;  // of all threads
  SeriesReader series_;
};

}  // namespace fanin::load
