#include "harness/rounds/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "harness/machine/headroom.h"
#include "os/child_process.h"
#include "os/printable.h"

namespace fanin::harness {
namespace {

// Idle connections that nobody has accepted cost the server nothing, so measuring among them would flatter it. Options
// of the server may change how many workers it has, so where there are any this cannot be told beforehand.
std::string unserved_reason(const Cell& cell, const ServerSpec& server, const Catalogue& catalogue) {
  const Model* model = server.model.empty() ? nullptr : catalogue.find(server.model);
  const std::int64_t idle = cell.workload.idle_connections();
  const std::int64_t all = cell.workload.connections() + idle;
  if (model == nullptr || !model->concurrency || !server.args.empty() || idle == 0 || all <= *model->concurrency) {
    return "";
  }
  return fmt::format("{} serves {} connection{} at a time, and of {} the others would only wait to be accepted",
                     model->name, *model->concurrency, *model->concurrency == 1 ? "" : "s", all);
}

}  // namespace

Catalogue Catalogue::parse(const Json& listing, const std::string& name) {
  Catalogue catalogue;
  const JsonReader root(listing, name);
  root.at("schema_version").integer(1, 1);
  for (const JsonReader& item : root.at("models").items()) {
    Model model;
    model.name = item.at("name").text();
    model.summary = item.at("summary").text();
    model.kind = item.at("kind").text();
    model.supported = item.at("supported").boolean();
    if (const auto reason = item.find("reason"); reason && !reason->value().is_null()) {
      model.reason = reason->text();
    }
    for (const JsonReader& protocol : item.at("protocols").items()) {
      model.protocols.push_back(protocol.text());
    }
    if (const auto limit = item.find("max_descriptor"); limit && !limit->value().is_null()) {
      model.max_descriptor = limit->integer(0, INT64_MAX);
    }
    if (const auto concurrency = item.find("concurrency"); concurrency && !concurrency->value().is_null()) {
      model.concurrency = concurrency->integer(1, INT64_MAX);
    }
    catalogue.models_.push_back(std::move(model));
  }
  return catalogue;
}

Catalogue Catalogue::ask(const std::string& program) {
  ChildProcess child({{program, "list", "--json"}, {}, -1, Output::Keep::kAll});
  const auto ended = [&] { return child.status().has_value(); };
  if (wait_until({&child}, -1, -1, now() + std::chrono::seconds(30), ended) != WaitResult::kDone ||
      !child.status()->clean()) {
    throw std::invalid_argument(fmt::format("{}: 'list --json' fails: {}", program, child.err().last_line()));
  }
  const std::string name = fmt::format("{} list --json", program);
  return parse(parse_json(child.out().all(), name), name);
}

const Model* Catalogue::find(const std::string& name) const {
  const auto found =
      std::find_if(models_.begin(), models_.end(), [&](const Model& model) { return model.name == name; });
  return found == models_.end() ? nullptr : &*found;
}

void check_models(const Suite& suite, const std::string& file, const Catalogue& catalogue) {
  for (std::size_t i = 0; i < suite.servers.size(); ++i) {
    const ServerSpec& server = suite.servers[i];
    if (!server.model.empty() && catalogue.find(server.model) == nullptr) {
      std::string known;
      for (const Model& model : catalogue.models()) {
        known += (known.empty() ? "" : ", ") + model.name;
      }
      throw std::invalid_argument(fmt::format("{}: /servers/{}/model: there is no model '{}': known are {}", file, i,
                                              printable(server.model, kLongestName), known));
    }
  }
}

std::string unsupported_reason(const Cell& cell, const ServerSpec& server, const Catalogue& catalogue,
                               const MachineLimits& limits) {
  const std::int64_t connections = cell.workload.all_connections();
  const std::int64_t needed = connections + kOtherDescriptors;
  if (const Model* model = server.model.empty() ? nullptr : catalogue.find(server.model)) {
    const std::string protocol = cell.workload.protocol();
    const auto& protocols = model->protocols;
    if (!model->supported) {
      return model->reason.empty() ? "this machine does not support the model" : model->reason;
    }
    if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
      return fmt::format("model {} does not serve protocol {}", model->name, protocol);
    }
    if (model->max_descriptor && needed > *model->max_descriptor) {
      return fmt::format("{} connections need descriptors beyond {}, the highest that {} can watch", connections,
                         *model->max_descriptor, model->name);
    }
  }
  if (std::string reason = unserved_reason(cell, server, catalogue); !reason.empty()) {
    return reason;
  }
  const std::uint64_t of_process = limits.descriptors_hard.value_or(MachineLimits::kUnlimited);
  if (!server.scales_out() && static_cast<std::uint64_t>(needed) > of_process) {
    return fmt::format("{} connections need more than the {} descriptors that a process may hold here (ulimit -Hn)",
                       connections, of_process);
  }
  const Headroom headroom = judge(limits, static_cast<std::uint64_t>(connections));
  return headroom.fits() ? ""
                         : fmt::format("no room for {0} connections: {1} (fanin doctor --connections {0})",
                                       headroom.connections, headroom.obstacle());
}

}  // namespace fanin::harness
