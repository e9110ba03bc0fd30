#include "loadgen/plan/plan.h"

namespace fanin {

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

void LoadPlan::speak(std::string name, ClientFactory factory) {
  const std::unique_ptr<ClientProtocol> client = factory();
  protocol_name = std::move(name);
  make_client = std::move(factory);
  request_bytes = client->request_bytes();
  has_statuses = client->has_statuses();
  connect_on_demand = client->one_request_per_connection();
}

}  // namespace fanin
