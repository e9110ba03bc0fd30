#include "loadgen/load_thread.h"

namespace fanin {
namespace {

WorkloadPlan workload_plan(const LoadPlan& plan, const Share& share) {
  WorkloadPlan workload{.connections = share.connections,
                        .depth = plan.depth,
                        .think = plan.think,
                        .requests_per_connection = plan.requests_per_connection,
                        .connect_on_demand = plan.connect_on_demand};
  if (plan.requests) {
    workload.requests = share.connections > 0 ? share_of(*plan.requests, share.index, share.count) : 0;
  }
  return workload;
}

std::optional<Schedule> schedule_of(const LoadPlan& plan, const Share& share) {
  if (!plan.rate_per_s || share.connections == 0) {
    return std::nullopt;
  }
  return Schedule({.kind = plan.arrival,
                   .rate_per_s = *plan.rate_per_s,
                   .shares = share.count,
                   .seed = plan.seed,
                   .burst_size = plan.burst_size,
                   .ramp = plan.ramp,
                   .trace = plan.trace},
                  share.index);
}

}  // namespace

LoadThread::LoadThread(const LoadPlan& plan, const Share& share)
    : plan_(plan),
      share_(share),
      client_(plan.make_client()),
      recorder_(plan.rate_per_s.has_value() || plan.connect_on_demand),
      workload_(workload_plan(plan, share), schedule_of(plan, share), recorder_) {}

}  // namespace fanin
