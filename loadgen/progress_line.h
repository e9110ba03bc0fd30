#pragma once

#include "loadgen/run.h"

namespace fanin {

// One line on a terminal that says how far the run is, drawn over itself. Used by the directing thread.
class ProgressLine : public RunListener {
 public:
  // Writes to standard error, which should be a terminal.
  explicit ProgressLine(const LoadPlan& plan) : plan_(plan) {}
  ~ProgressLine() override { erase(); }

  void progress(const Progress& progress) override;
  void hold() override { erase(); }

 private:
  void erase();

  const LoadPlan& plan_;
  Progress last_{Progress::Phase::kConnecting, {}, 0, 0};
  bool drawn_ = false;
};

}  // namespace fanin
