#include "harness/suite/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/suite/workload_keys.h"
#include "os/printable.h"

namespace fanin {
namespace {

using Taker = WorkloadKey::Taker;

std::vector<std::string> arguments_of(const Json& values, Taker taker) {
  std::vector<std::string> arguments;
  for (const WorkloadKey& key : workload_keys()) {
    const auto found = values.find(key.name);
    const bool taken = found != values.end() && (key.taker == taker || key.taker == Taker::kBoth);
    const bool said_by_another = taken && (*found == "bursts" || *found == "trace") && key.name == "arrival";
    if (taken && !said_by_another) {
      key.append(*found, arguments);
    }
  }
  return arguments;
}

// The words among `names` that are keys of `values`.
template <typename Names>
std::string given_of(const Json& values, const Names& names) {
  std::string given;
  for (const char* name : names) {
    if (values.contains(name)) {
      given += fmt::format("{}'{}'", given.empty() ? "" : ", ", name);
    }
  }
  return given;
}

// Keys that some protocols take, as protocols/ has it; their programs refuse them with any other.
struct OwnKeys {
  std::vector<std::string> protocols;
  std::vector<const char*> keys;
};

const std::vector<OwnKeys>& own_keys() {
  static const std::vector<OwnKeys> kOwn{
      {{"http"},
       {"path", "host", "method", "headers", "body", "body_file", "expect_status", "expect_body", "expect_body_pattern",
        "root"}},
      {{"raw"},
       {"request", "reply_delimiter", "reply_pattern", "reply_limit_bytes", "expect", "greeting_delimiter",
        "greeting_pattern", "setup_request", "setup_reply_delimiter", "setup_reply_bytes", "setup_reply_pattern",
        "setup_expect"}},
      {{"upper"}, {"suffix"}},
      {{"goodbye"}, {"reply"}},
      {{"large", "raw"}, {"reply_bytes"}},
      {{"work"}, {"work", "work_share"}},
      {{"echo", "upper", "sink", "goodbye", "work", "large"}, {"payload"}},
      {{"echo", "upper", "sink", "goodbye", "work", "large", "chat"}, {"payload_bytes"}}};
  return kOwn;
}

void check_protocol_keys(const Json& values, const JsonReader& place) {
  const std::string protocol = values.at("protocol");
  for (const auto& [protocols, keys] : own_keys()) {
    const std::string given = given_of(values, keys);
    if (!given.empty() && std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
      place.fail(fmt::format("{} belongs to protocol {}, and the protocol is {}", given, fmt::join(protocols, ", "),
                             printable(protocol, kLongestName)));
    }
  }
}

// What says how one request looks: of the workload, or of a class of its mix together with the workload.
void check_request(const Json& values, const JsonReader& place) {
  const auto has = [&values](const char* name) { return values.contains(name); };
  check_protocol_keys(values, place);
  if (has("payload") && has("payload_bytes")) {
    place.fail("takes 'payload' or 'payload_bytes', not both");
  }
  if (has("body") && has("body_file")) {
    place.fail("takes 'body' or 'body_file', not both");
  }
  const int ends = int{has("reply_delimiter")} + int{has("reply_bytes")} + int{has("reply_pattern")};
  if (values.at("protocol") == "raw" && (!has("request") || ends != 1)) {
    place.fail("protocol raw needs 'request', and one of 'reply_delimiter', 'reply_bytes' and 'reply_pattern'");
  }
  if (has("reply_limit_bytes") && !has("reply_pattern") && !has("greeting_pattern") && !has("setup_reply_pattern")) {
    place.fail("'reply_limit_bytes' bounds replies that end by a pattern: give one, or leave it out");
  }
  if (has("greeting_delimiter") && has("greeting_pattern")) {
    place.fail("takes 'greeting_delimiter' or 'greeting_pattern', not both");
  }
  const int setup_ends =
      int{has("setup_reply_delimiter")} + int{has("setup_reply_bytes")} + int{has("setup_reply_pattern")};
  if (has("setup_request") ? setup_ends != 1 : setup_ends != 0 || has("setup_expect")) {
    place.fail(
        "a set-up needs 'setup_request', and one of 'setup_reply_delimiter', 'setup_reply_bytes' and "
        "'setup_reply_pattern'");
  }
}

// Each class is asked about with what it takes from the workload.
void check_classes(const Json& values, const JsonReader& place) {
  for (const JsonReader& each : place.at("mix").items()) {
    if (each.value().contains("reply_bytes") && values.at("protocol") != "raw") {
      each.fail("'reply_bytes' is one for the whole server: it belongs into the workload");
    }
    Json merged = values;
    merged.update(each.value());
    check_request(merged, each);
  }
}

void check_schedule(const Json& values, const JsonReader& place) {
  const auto has = [&values](const char* name) { return values.contains(name); };
  const std::string arrival = values.value("arrival", "");
  if ((arrival == "bursts") != has("burst_size")) {
    place.fail("the arrival \"bursts\" and 'burst_size' go together: give both or neither");
  }
  if ((arrival == "trace") != has("trace")) {
    place.fail("the arrival \"trace\" and 'trace', the file of times, go together: give both or neither");
  }
  if (has("arrival") && !has("rate_per_s") && !has("ramp") && !has("trace")) {
    place.fail("'arrival' needs 'rate_per_s' or 'ramp': without them the loop is closed and has no schedule");
  }
  if (!has("ramp")) {
    return;
  }
  if (has("rate_per_s")) {
    place.fail("takes 'rate_per_s' or 'ramp', not both");
  }
  if (has("requests")) {
    place.fail("a 'ramp' takes the length of the window, which 'requests' does not say: leave one out");
  }
  if (arrival == "bursts" || arrival == "trace") {
    place.fail("a 'ramp' needs the arrival \"poisson\" or \"uniform\": others have one rate");
  }
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

void Workload::check_together(const JsonReader& place) const {
  if (values_.contains("mix")) {
    check_classes(values_, place);
  } else {
    check_request(values_, place);
  }
  check_schedule(values_, place);
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

Workload Workload::for_a_check() const {
  Workload check = *this;
  for (const char* key : {"rate_per_s", "ramp", "arrival", "burst_size", "trace", "idle_connections", "prove_idle",
                          "trickle", "requests", "threads", "wait"}) {
    check.values_.erase(key);
  }
  check.values_["connections"] = std::min<std::int64_t>(4, connections());
  check.values_["think"] = "0s";  // the threads driver would think for a second by default
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

std::vector<std::string> Workload::files() const {
  std::vector<std::string> found;
  const auto add_from = [&found](const Json& object) {
    for (const WorkloadKey& key : workload_keys()) {
      if (key.kind == WorkloadKey::Kind::kFile && object.contains(key.name)) {
        found.push_back(object.at(std::string(key.name)));
      }
    }
  };
  add_from(values_);
  for (const Json& each : values_.value("mix", Json::array())) {
    add_from(each);
  }
  return found;
}

std::vector<std::string> Workload::load_arguments() const { return arguments_of(values_, Taker::kLoad); }

std::vector<std::string> Workload::server_arguments() const { return arguments_of(values_, Taker::kServer); }

}  // namespace fanin
