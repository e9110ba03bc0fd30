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
#include "loadgen/records/accept_queue.h"
#include "loadgen/records/server_processes.h"
#include "loadgen/reports/result.h"

namespace fanin::load {

// What one target of a run has to itself: its threads, and what is seen of its server from outside. Owns the threads,
// which others run; used by the thread that directs the run.
class TargetPart {
 public:
  // Both must outlive this.
  TargetPart(const LoadPlan& plan, ConnectGate& gate);

  const LoadPlan& plan() const noexcept { return plan_; }
  const std::vector<std::unique_ptr<LoadThread>>& threads() const noexcept { return threads_; }

  void look_at_queue();  // before the first connect
  void open_window();
  void close_window();

  // How many connections the kernel has completed and the server has not accepted; 0 where it cannot be known.
  std::uint64_t waiting_for_accept() const;
  // Why it cannot be reached at all; nothing: it can.
  std::string unreachable() const;
  // Puts what was seen into the result of this target.
  void report(LoadResult& result) const;

 private:
  const LoadPlan& plan_;
  const SourceAddresses sources_;
  const std::vector<std::unique_ptr<LoadThread>> threads_;
  std::optional<AcceptQueueCounts> queue_before_;  // of a target on this machine
  std::optional<ServerUsage> server_before_;
  std::optional<ServerUsage> server_;
  std::uint64_t unserved_ = 0;  // connections that came up and had no reply when the window opened
};

}  // namespace fanin::load
