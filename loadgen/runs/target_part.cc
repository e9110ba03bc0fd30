#include "loadgen/runs/target_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "loadgen/drivers/abort_thread.h"
#include "loadgen/drivers/event_loop.h"
#include "loadgen/runs/headroom.h"
#include "net/resolve.h"

namespace fanin::load {
namespace {

std::string describe_connect_error(int error) {
  return error == kSetupError
             ? "the --greeting-... or the reply to --setup-request was wrong or did not come within --timeout"
             : std::strerror(error);
}

std::optional<AcceptQueueCounts> read_accept_queue(const net::Address& target) {
  return net::is_on_this_machine(target) ? std::optional(accept_queue_counts(target)) : std::nullopt;
}

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
  if (plan.aborts_per_s) {
    const Share share{.index = plan.threads + idle_threads, .count = plan.threads};
    threads.push_back(std::make_unique<AbortThread>(plan, share, sources));
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

TargetPart::TargetPart(const LoadPlan& plan, ConnectGate& gate)
    : plan_(plan),
      sources_(plan.target, std::uint64_t{plan.connections} + plan.idle, plan.churns()),
      threads_(make_load_threads(plan, sources_, gate)),
      meter_(plan.server.roots) {}

void TargetPart::read_queue() { queue_before_ = read_accept_queue(plan_.target); }

void TargetPart::discover_server() {
  meter_.discover();
  waiting_ = plan_.idle > 0 ? waiting_for_accept() : 0;
}

void TargetPart::open_window() {
  meter_.open();
  unserved_ = 0;
  for (const auto& thread : threads_) {
    unserved_ += thread->unserved();
  }
}

void TargetPart::close_window() { meter_.close(); }

void TargetPart::look_after_window() {
  server_ = meter_.usage();
  waiting_ = waiting_ > 0 ? std::min(waiting_, waiting_for_accept()) : 0;
}

std::uint64_t TargetPart::waiting_for_accept() const {
  return net::is_on_this_machine(plan_.target) ? load::waiting_for_accept(plan_.target).value_or(0) : 0;
}

std::string TargetPart::unreachable() const {
  int error = 0;
  std::uint64_t up = 0;
  for (const auto& thread : threads_) {
    error = thread->faults().last_connect_error() != 0 ? thread->faults().last_connect_error() : error;
    up += thread->recorder().connections.established;
  }
  return up == 0 && error != 0
             ? fmt::format("no connection to {} came up: {}", plan_.target.text(), describe_connect_error(error))
             : "";
}

void TargetPart::report(LoadResult& result) const {
  result.unserved_at_opening = unserved_;
  result.waiting_for_accept = waiting_;
  result.server = server_;
  if (queue_before_) {
    result.listen_overflows = overflows_between(*queue_before_, *read_accept_queue(plan_.target));
  }
}

}  // namespace fanin::load
