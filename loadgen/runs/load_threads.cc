#include "loadgen/runs/load_threads.h"

#include <algorithm>

#include "loadgen/drivers/descriptor_table.h"
#include "loadgen/drivers/event_loop.h"

namespace fanin::load {
namespace {

std::unique_ptr<LoadThread> make_active(const LoadPlan& plan, const Share& share, const SourceAddresses& sources,
                                        ConnectGate& gate) {
  if (has_event_loops(plan.driver)) {
    return std::make_unique<EventLoop>(plan, share, sources, plan.driver);
  }
  return std::make_unique<BlockingClient>(plan, share, sources, gate);
}

}  // namespace

std::vector<std::unique_ptr<LoadThread>> make_load_threads(const LoadPlan& plan, const SourceAddresses& sources,
                                                           ConnectGate& gate) {
  std::vector<std::unique_ptr<LoadThread>> threads;
  const unsigned idle_threads = std::max(plan.idle_threads, !has_event_loops(plan.driver) && plan.idle > 0 ? 1U : 0U);
  const auto assign_idle = [&plan](Share& share, unsigned index, unsigned count) {
    share.idle = static_cast<std::uint32_t>(compute_share(plan.idle, index, count));
    share.first_idle = static_cast<std::uint32_t>(plan.connections + share_begin(plan.idle, index, count));
  };
  for (unsigned i = 0; i < plan.threads; ++i) {
    Share share{.index = i,
                .count = plan.threads,
                .first_connection = static_cast<std::uint32_t>(share_begin(plan.connections, i, plan.threads)),
                .connections = static_cast<std::uint32_t>(compute_share(plan.connections, i, plan.threads))};
    if (idle_threads == 0) {
      assign_idle(share, i, plan.threads);
    }
    threads.push_back(make_active(plan, share, sources, gate));
  }
  for (unsigned i = 0; i < idle_threads; ++i) {
    Share share{.index = plan.threads + i, .count = plan.threads};
    assign_idle(share, i, idle_threads);
    threads.push_back(std::make_unique<EventLoop>(plan, share, sources, DriverKind::kEpoll));
  }
  return threads;
}

void run_load_thread(LoadThread& thread, Coordinator& coordinator) noexcept {
  take_own_descriptor_table();
  try {
    thread.connect(coordinator);
    if (const auto window = coordinator.wait_for_start()) {
      thread.drive(*window, coordinator);
      coordinator.wait_for_release();
    }
  } catch (...) {
    coordinator.fail(std::current_exception());
  }
  thread.disconnect();
}

}  // namespace fanin::load
