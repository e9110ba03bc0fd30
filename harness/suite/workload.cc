#include "harness/suite/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/suite/workload_keys.h"
#include "os/printable.h"

namespace fanin::harness {
namespace {

// `taken_by` is the member that says whether the program takes a key.
std::vector<std::string> make_arguments(const Json& values, bool WorkloadKey::*taken_by) {
  std::vector<std::string> arguments;
  for (const WorkloadKey& key : workload_keys()) {
    const auto found = values.find(key.name);
    const bool taken = found != values.end() && key.*taken_by;
    const bool said_by_another = taken && (*found == "bursts" || *found == "trace") && key.name == "arrival";
    if (taken && !said_by_another) {
      key.append(*found, arguments);
    }
  }
  return arguments;
}

}  // namespace

Workload Workload::parse(const JsonReader& reader) {
  Json values = Json::object();
  if (!reader.value().is_object()) {
    reader.fail("must be an object");
  }
  for (const auto& [name, unused] : reader.value().items()) {
    const WorkloadKey* key = find_workload_key(name);
    if (key == nullptr) {
      std::string known;
      for (const WorkloadKey& each : workload_keys()) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      }
      reader.fail(fmt::format("unknown key '{}': known here are {}", printable(name, kLongestName), known));
    }
    if (const auto value = reader.find(name)) {
      key->check(*value);
      values[name] = value->value();
    }
  }
  reader.at("protocol");
  return Workload(std::move(values));
}

void Workload::check_sweep_value(const std::string& name, const JsonReader& value) {
  const WorkloadKey* key = find_workload_key(name);
  if (key == nullptr || !key->can_be_swept()) {
    value.fail(fmt::format("'{}' cannot be swept: it is no numeric key of a workload", printable(name, kLongestName)));
  }
  key->check(value);
}

Workload Workload::with(const std::string& key, const Json& value) const {
  Workload changed = *this;
  changed.values_[key] = value;
  return changed;
}

Workload Workload::for_conformance() const {
  Workload check = *this;
  for (const char* key : {"rate", "ramp", "arrival", "burst_size", "trace", "idle_connections", "verify_idle",
                          "trickle", "send_bytes_per_s", "read_bytes_per_s", "threads", "idle_strategy"}) {
    check.values_.erase(key);
  }
  check.values_["connections"] = std::min<std::int64_t>(4, connections());
  check.values_["think_time"] = "0s";  // the threads driver would think for a second by default
  check.values_["requests"] = 50;
  check.values_["timeout"] = "30s";
  return check;
}

std::string Workload::protocol() const { return values_.at("protocol").get<std::string>(); }

std::int64_t Workload::connections() const {
  // fanin-load's own defaults: the tutorial's twenty threads, ten connections otherwise.
  return values_.value("connections", values_.value("driver", "") == "threads" ? 20 : 10);
}

std::int64_t Workload::idle_connections() const { return values_.value("idle_connections", 0); }

bool Workload::counts_requests() const { return values_.contains("requests"); }

bool Workload::has_ramp() const { return values_.contains("ramp"); }

bool Workload::has_rate() const { return values_.contains("rate"); }

std::string Workload::trace() const { return values_.value("trace", ""); }

std::vector<std::string> Workload::files() const {
  std::vector<std::string> found;
  const auto add_from = [&found](const Json& object) {
    for (const WorkloadKey& key : workload_keys()) {
      if (key.type == WorkloadKey::Type::kFile && object.contains(key.name)) {
        found.push_back(object.at(key.name));
      }
    }
  };
  add_from(values_);
  for (const Json& each : values_.value("mix", Json::array())) {
    add_from(each);
  }
  return found;
}

std::vector<std::string> Workload::load_arguments() const { return make_arguments(values_, &WorkloadKey::for_load); }

std::vector<std::string> Workload::server_arguments() const {
  return make_arguments(values_, &WorkloadKey::for_server);
}

}  // namespace fanin::harness
