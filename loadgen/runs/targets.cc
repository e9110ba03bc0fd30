#include "loadgen/runs/targets.h"

#include <algorithm>

#include "loadgen/drivers/connect.h"
#include "loadgen/plan/make_plan.h"
#include "net/resolve.h"

namespace fanin::load {

const net::Address& first_accepting(const std::vector<net::Address>& addresses) {
  constexpr Nanoseconds kTimeout = std::chrono::seconds(1);
  const auto accepts = [kTimeout](const net::Address& address) {
    return start_connect(address, nullptr, net::Blocking::kYes, kTimeout, std::nullopt).connected;
  };
  const auto first = addresses.size() > 1 ? std::find_if(addresses.begin(), addresses.end(), accepts) : addresses.end();
  return first != addresses.end() ? *first : addresses.front();
}

void resolve_targets(LoadOptions& options) {
  std::vector<std::string> targets = options.targets;
  if (!options.target.empty()) {
    targets.push_back(options.target);
  }
  for (const std::string& target : targets) {
    LoadOptions one = options;
    one.target = target;
    const std::string name = without_url(one).target;
    const std::vector<net::Address> addresses = net::resolve(name);
    if (!options.allow_remote) {
      std::for_each(addresses.begin(), addresses.end(), refuse_remote);
    }
    options.addresses.insert_or_assign(name, first_accepting(addresses));
  }
}

}  // namespace fanin::load
