#include "loadgen/plan/plan.h"

#include <algorithm>
#include <cmath>

namespace fanin::load {

std::string_view close_name(CloseKind kind) noexcept {
  switch (kind) {
    case CloseKind::kRst:
      return "rst";
    case CloseKind::kServer:
      return "server";
    case CloseKind::kFin:
      break;
  }
  return "fin";
}

void LoadPlan::use_protocol(std::string name, ClientFactory factory) {
  const std::unique_ptr<ClientProtocol> client = factory();
  protocol_name = std::move(name);
  make_client = std::move(factory);
  request_bytes = client->request_bytes();
  has_statuses = client->has_statuses();
  asks_to_close = client->asks_to_close();
  connect_on_demand = client->one_request_per_connection();
}

Nanoseconds lateness_tolerance(const LoadPlan& plan) noexcept {
  constexpr double kSendingNs = 10'000;  // of one request of a burst, several times what it takes
  const double gap_ns = 1e9 / *plan.rate_per_s * plan.burst_size;
  const double burst_ns = plan.burst_size > 1 ? std::min(plan.burst_size * kSendingNs, gap_ns / 10) : 0;
  return std::max(Nanoseconds(std::chrono::microseconds(100)),
                  Nanoseconds(std::llround(std::max(gap_ns / 100, burst_ns))));
}

}  // namespace fanin::load
