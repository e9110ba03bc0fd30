#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/records/recorder.h"
#include "loadgen/reports/run_listener.h"

namespace fanin::load {

// The contents of a live view at one moment. A value.
struct LiveState {
  std::string headline;      // what is run
  std::string run;           // which of several runs; empty: it is the only one
  std::string warmup_until;  // what ends the warm-up, where that is not its time
  RunListener::Progress::Phase phase = RunListener::Progress::Phase::kConnecting;
  std::optional<double> done;       // share of the phase, 0 to 1, where its end is known
  std::optional<Nanoseconds> left;  // of the phase, where that is known
  std::optional<double> rate_now;
  std::optional<double> rate_so_far;    // in the window
  std::optional<double> asked_rate;     // open loop
  std::optional<SecondOfAll> latest;    // second of the window that is over
  std::uint64_t connections_up = 0;     // idle ones included
  std::uint64_t connections_asked = 0;  // 0: made as they are needed
  ErrorCounts errors;
};

// The abilities of the terminal.
struct LiveStyle {
  std::size_t width = 80;  // no line is longer
  bool colour = false;
  bool unicode = true;  // else ASCII
};

// The lines of the view, at most eight, without line ends.
std::vector<std::string> live_lines(const LiveState& state, const LiveStyle& style);

// Counts as one line of blocks, a column for each quarter of a power of two (or more, where `width` is not enough),
// between the times of its ends. Empty without samples.
std::string histogram_line(const Histogram& histogram, std::size_t width, bool unicode);

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
