#pragma once

#include <optional>
#include <vector>

#include "loadgen/records/recorder.h"

namespace fanin::load {

// One second of the window over all threads.
struct SecondOfAll {
  std::uint64_t number = 0;  // from the opening of the window
  std::uint64_t completed = 0;
  std::uint64_t late = 0;     // of those completed, after the window, in its last second
  std::uint64_t failed = 0;   // unanswered ones included
  bool all_finished = false;  // all threads have ended: it may be the last, and shorter
  Nanoseconds max{0};
  Histogram responses;  // from stored buckets; with the failed ones as uncompleted
};

// Merges the seconds of all threads, while they run or after they have ended. Each reader is used by one thread; there
// may be several readers.
class SeriesReader {
 public:
  // The recorders must outlive this.
  explicit SeriesReader(std::vector<const Recorder*> recorders)
      : recorders_(std::move(recorders)), read_(recorders_.size()) {}

  // The next second, once every thread has passed its end or has finished; nullopt if there is none yet.
  std::optional<SecondOfAll> next();

 private:
  std::vector<const Recorder*> recorders_;
  std::vector<const Second*> read_;  // the latest of each
  std::uint64_t number_ = 0;
};

}  // namespace fanin::load
