#pragma once

#include <deque>
#include <string>

#include "loadgen/plan/plan.h"
#include "loadgen/reports/live_lines.h"

namespace fanin::load {

// Shows the progress of a run in a few lines on a terminal, redrawn in place. Used by the controlling thread.
class LiveView : public RunListener {
 public:
  // Whether standard error is a terminal that can redraw lines.
  static bool possible();

  // Writes to standard error. `targets`: number of interleaved targets, each with the connections of the plan; `run`:
  // which of several runs it is.
  LiveView(const LoadPlan& plan, std::size_t targets, std::string run);
  ~LiveView() override { erase(); }
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  void progress(const Progress& progress) override;
  void second(const FinishedSecond& second) override { state_.latest = second.sum; }
  void hold() override { erase(); }

 private:
  struct Sample {
    Nanoseconds elapsed;
    std::uint64_t completed;
  };

  void follow(const Progress& progress);
  void set_rates(const Progress& progress);
  void draw();
  void erase();

  const LoadPlan& plan_;
  LiveState state_;
  std::deque<Sample> samples_;  // of the phase, over the last second
  TimePoint drawn_at_{};
  std::size_t drawn_ = 0;  // lines on the terminal
};

}  // namespace fanin::load
