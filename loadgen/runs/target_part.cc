#include "loadgen/runs/target_part.h"

#include <fmt/format.h>

#include <cstring>

#include "loadgen/runs/load_threads.h"
#include "net/resolve.h"

namespace fanin::load {
namespace {

std::string describe_connect_error(int error) {
  return error == kSetupError
             ? "what came was not the --greeting-... or the reply to --setup-request that was expected, "
               "or did not come within --timeout"
             : std::strerror(error);
}

std::optional<AcceptQueueCounts> read_accept_queue(const Address& target) {
  return is_on_this_machine(target) ? std::optional(accept_queue_counts(target)) : std::nullopt;
}

}  // namespace

TargetPart::TargetPart(const LoadPlan& plan, ConnectGate& gate)
    : plan_(plan),
      sources_(plan.target, std::uint64_t{plan.connections} + plan.idle, plan.churns()),
      threads_(make_load_threads(plan, sources_, gate)) {}

void TargetPart::look_at_queue() { queue_before_ = read_accept_queue(plan_.target); }

void TargetPart::open_window() {
  server_before_ = server_usage(plan_.server.roots);
  unserved_ = 0;
  for (const auto& thread : threads_) {
    unserved_ += thread->unserved();
  }
}

void TargetPart::close_window() {
  server_ = server_before_ ? server_usage(plan_.server.roots) : std::nullopt;
  if (server_) {
    server_->cpu -= server_before_->cpu;
  }
}

std::uint64_t TargetPart::waiting_for_accept() const {
  return is_on_this_machine(plan_.target) ? load::waiting_for_accept(plan_.target).value_or(0) : 0;
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
  result.server = server_;
  if (queue_before_) {
    result.listen_overflows = overflows_between(*queue_before_, *read_accept_queue(plan_.target));
  }
}

}  // namespace fanin::load
