#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/drivers/blocking_client.h"
#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/load_thread.h"
#include "loadgen/plan/plan.h"
#include "loadgen/records/server_processes.h"
#include "loadgen/reports/result.h"

namespace fanin::load {

// Creates the threads of a plan, each with its share. Idle connections share the event loops of active ones or have
// loops of their own, since a blocking thread cannot watch them. All arguments must outlive the threads.
std::vector<std::unique_ptr<LoadThread>> make_load_threads(const LoadPlan& plan, const SourceAddresses& sources,
                                                           ConnectGate& gate);

// The body of a load thread: takes its own descriptor table if possible, connects, makes traffic, closes. This thread
// closes the connections, because their descriptors are invalid in another table. Reports a failure to the coordinator.
void run_load_thread(LoadThread& thread, Coordinator& coordinator) noexcept;

// One target of a run: its load threads, and the observations of its server. Owns the LoadThread objects, which other
// threads run; used by the controlling thread.
class TargetPart {
 public:
  // Both must outlive this.
  TargetPart(const LoadPlan& plan, ConnectGate& gate);

  const LoadPlan& plan() const noexcept { return plan_; }
  const std::vector<std::unique_ptr<LoadThread>>& threads() const noexcept { return threads_; }

  void read_queue();       // before the first connect
  void discover_server();  // once all are connected, before the window
  void open_window();
  void close_window();
  void look_after_window();  // what takes longer, before the connections close

  // Connections that the kernel has completed and the server has not accepted; 0 if unknown.
  std::uint64_t waiting_for_accept() const;
  // Why no connection came up; empty if one did.
  std::string unreachable() const;
  // Adds the observations to the result of this target.
  void report(LoadResult& result) const;

 private:
  const LoadPlan& plan_;
  const SourceAddresses sources_;
  const std::vector<std::unique_ptr<LoadThread>> threads_;
  std::optional<AcceptQueueCounts> queue_before_;  // of a target on this machine
  ServerMeter meter_;
  std::optional<ServerUsage> server_;  // over the window
  std::uint64_t unserved_ = 0;         // connections that came up and had no reply when the window opened
  std::uint64_t waiting_ = 0;          // see LoadResult::waiting_for_accept
};

}  // namespace fanin::load
