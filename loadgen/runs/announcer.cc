#include "loadgen/runs/announcer.h"

#include <algorithm>

#include "loadgen/reports/result.h"

namespace fanin::load {

void Announcer::established() const {
  std::uint64_t count = 0;
  for (const Recorder* recorder : recorders_) {
    count += recorder->connections.established;
  }
  for (RunListener* listener : listeners_) {
    listener->established(count);
  }
}

void Announcer::window_opened(TimePoint at) const {
  for (RunListener* listener : listeners_) {
    listener->window_opened(at);
  }
}

void Announcer::window_closed(TimePoint at) const {
  for (RunListener* listener : listeners_) {
    listener->window_closed(at);
  }
}

void Announcer::hold() const {
  for (RunListener* listener : listeners_) {
    listener->hold();
  }
}

void Announcer::show(RunListener::Progress::Phase phase, Nanoseconds elapsed) {
  if (listeners_.empty()) {
    return;
  }
  RunListener::Progress progress{.phase = phase, .elapsed = elapsed};
  for (const Recorder* recorder : recorders_) {
    progress.completed += recorder->progress_completed();
    progress.failed += recorder->progress_failed();
    progress.outside += recorder->progress_outside();
    progress.outside_failed += recorder->progress_outside_failed();
    progress.connections_up += recorder->progress_connections();
    progress.errors.merge(recorder->progress_errors());
  }
  for (RunListener* listener : listeners_) {
    listener->progress(progress);
  }
  tell_seconds();
}

void Announcer::tell_seconds() {
  while (auto sum = series_.next()) {
    const Nanoseconds length = measure_length(*sum);
    const RunListener::FinishedSecond second{std::move(*sum), length};
    for (RunListener* listener : listeners_) {
      listener->second(second);
    }
  }
}

Nanoseconds Announcer::measure_length(const SecondOfAll& second) const {
  constexpr Nanoseconds kWhole = std::chrono::seconds(1);
  if (!second.all_finished) {
    return kWhole;
  }
  Nanoseconds window{0};
  for (const Recorder* recorder : recorders_) {
    window = std::max(window, window_length(*recorder));
  }
  return std::clamp(window - kWhole * static_cast<std::int64_t>(second.number), Nanoseconds(0), kWhole);
}

}  // namespace fanin::load
