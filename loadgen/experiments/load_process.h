#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "loadgen/experiments/experiment.h"
#include "loadgen/reports/live_json.h"
#include "loadgen/reports/live_view.h"
#include "loadgen/runs/run_listeners.h"

namespace fanin::load {

// Shared by the runs of one command: signals, CPUs and listeners. One per program, used by the main thread.
class LoadProcess {
 public:
  // Binds the process to the CPUs of the options and takes over SIGINT and SIGTERM, which end a run early.
  explicit LoadProcess(const LoadOptions& options);
  LoadProcess(const LoadProcess&) = delete;
  LoadProcess& operator=(const LoadProcess&) = delete;

  // A checked plan that fits this machine. Throws std::invalid_argument.
  static LoadPlan prepare(const LoadOptions& options);
  // `which` of several runs it is, for those who watch.
  Outcome run(LoadPlan plan, const std::string& which = "");
  std::vector<Outcome> run_in_slices(std::vector<LoadPlan> plans);

  // Where text for people goes; null: nowhere.
  std::FILE* text() const noexcept { return text_; }

 private:
  std::vector<RunListener*> begin_run(LiveView& view);
  void end_run();

  const std::string busy_;  // why the machine was busy before the first run; a harness judges that itself
  const bool shows_view_;
  std::FILE* text_;
  std::optional<ControlChannel> control_;
  std::optional<LiveJson> live_json_;
  bool warned_ = false;           // of how this program was built
  bool live_json_ended_ = false;  // before the runs did; the user knows
};

}  // namespace fanin::load
