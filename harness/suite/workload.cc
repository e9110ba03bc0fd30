#include "harness/suite/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fanin {
namespace {

enum class Kind { kWhole, kReal, kText, kDuration, kFlag };
enum class Taker { kLoad, kServer, kBoth };

struct Key {
  std::string_view name;
  std::string_view option;
  Kind kind;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::string_view one_of = "";  // alternatives between bars, where not every text is allowed
  Taker taker = Taker::kLoad;    // which program has the option
};

constexpr std::int64_t kMillion = 1'000'000;

constexpr std::array<Key, 31> kKeys{{
    {"protocol", "--protocol", Kind::kText, 0, 0, "", Taker::kBoth},
    {"driver", "--driver", Kind::kText},
    {"threads", "--threads", Kind::kWhole, 1, 1024},
    {"connections", "--connections", Kind::kWhole, 1, 10 * kMillion},
    {"idle_connections", "--idle", Kind::kWhole, 0, 10 * kMillion},
    {"prove_idle", "--prove-idle", Kind::kFlag},
    {"payload_bytes", "--payload-size", Kind::kWhole, 0, 64 * kMillion},
    {"payload", "--payload", Kind::kText},
    {"suffix", "--suffix", Kind::kText, 0, 0, "", Taker::kBoth},
    {"reply", "--reply", Kind::kText, 0, 0, "", Taker::kBoth},
    {"reply_bytes", "--reply-size", Kind::kWhole, 1, 64 * kMillion, "", Taker::kBoth},
    {"work", "--work", Kind::kDuration, 0, 0, "", Taker::kServer},
    {"work_share", "--work-share", Kind::kReal, 0, 1, "", Taker::kServer},
    {"root", "--root", Kind::kText, 0, 0, "", Taker::kServer},
    {"path", "--path", Kind::kText},
    {"host", "--host", Kind::kText},
    {"request", "--request", Kind::kText},
    {"reply_delimiter", "--reply-delimiter", Kind::kText},
    {"expect", "--expect", Kind::kText},
    {"rate_per_s", "--rate", Kind::kReal, 0, 100 * kMillion},
    {"arrival", "--arrival", Kind::kText, 0, 0, "poisson|uniform"},
    {"depth", "--depth", Kind::kWhole, 1, 65536},
    {"think", "--think", Kind::kDuration},
    {"requests_per_connection", "--requests-per-connection", Kind::kWhole, 0, 1000 * kMillion},
    {"requests", "--requests", Kind::kWhole, 1, 1000 * kMillion},
    {"timeout", "--timeout", Kind::kDuration},
    {"close", "--close", Kind::kText, 0, 0, "fin|rst|server"},
    {"send_bytes_per_s", "--send-rate", Kind::kWhole, 1, 1000 * kMillion},
    {"read_bytes_per_s", "--read-rate", Kind::kWhole, 1, 1000 * kMillion},
    {"receive_buffer_bytes", "--receive-buffer", Kind::kWhole, 1, 1000 * kMillion},
    {"trickle", "--trickle", Kind::kDuration},
}};

const Key* find_key(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

bool is_alternative(std::string_view text, std::string_view one_of) {
  for (std::string_view rest = one_of; !rest.empty();) {
    const auto bar = rest.find('|');
    if (rest.substr(0, bar) == text) {
      return true;
    }
    rest = bar == std::string_view::npos ? "" : rest.substr(bar + 1);
  }
  return false;
}

void check_value(const Key& key, const JsonReader& value) {
  switch (key.kind) {
    case Kind::kWhole:
      value.integer(key.low, key.high);
      break;
    case Kind::kReal:
      if (const double number = value.number(); number <= 0 || number > static_cast<double>(key.high)) {
        value.fail(fmt::format("must be above 0 and at most {}", key.high));
      }
      break;
    case Kind::kText:
      if (const std::string text = value.text(); !key.one_of.empty() && !is_alternative(text, key.one_of)) {
        value.fail(fmt::format("must be one of {}", key.one_of));
      }
      break;
    case Kind::kDuration:
      value.duration();
      break;
    case Kind::kFlag:
      value.boolean();
      break;
  }
}

std::string option_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::vector<std::string> arguments_of(const Json& values, Taker taker) {
  std::vector<std::string> arguments;
  for (const Key& key : kKeys) {
    const auto found = values.find(key.name);
    const bool taken = found != values.end() && (key.taker == taker || key.taker == Taker::kBoth);
    if (!taken || *found == false) {
      continue;
    }
    arguments.emplace_back(key.option);
    if (key.kind != Kind::kFlag) {
      arguments.push_back(option_text(*found));
    }
  }
  return arguments;
}

// What can only be said of keys together.
void check_together(const JsonReader& reader) {
  if (reader.find("payload") && reader.find("payload_bytes")) {
    reader.fail("takes 'payload' or 'payload_bytes', not both");
  }
  const bool raw = reader.at("protocol").text() == "raw";
  const bool has_request = reader.find("request") && reader.find("reply_delimiter");
  if (raw && !has_request) {
    reader.fail("protocol raw needs 'request' and 'reply_delimiter'");
  }
  if (!raw && (reader.find("request") || reader.find("reply_delimiter") || reader.find("expect"))) {
    reader.fail("'request', 'reply_delimiter' and 'expect' belong to protocol raw");
  }
}

}  // namespace

Workload Workload::parse(const JsonReader& reader) {
  Json values = Json::object();
  if (!reader.value().is_object()) {
    reader.fail("must be an object");
  }
  for (const auto& [name, unused] : reader.value().items()) {
    const Key* key = find_key(name);
    if (key == nullptr) {
      std::string known;
      for (const Key& each : kKeys) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      }
      reader.fail(fmt::format("unknown key '{}': known here are {}", name, known));
    }
    if (const auto value = reader.find(name)) {
      check_value(*key, *value);
      values[name] = value->value();
    }
  }
  check_together(reader);
  return Workload(std::move(values));
}

void Workload::check_sweep_value(const std::string& name, const JsonReader& value) {
  const Key* key = find_key(name);
  if (key == nullptr || (key->kind != Kind::kWhole && key->kind != Kind::kReal)) {
    value.fail(fmt::format("'{}' cannot be swept: it is no numeric key of a workload", name));
  }
  check_value(*key, value);
}

Workload Workload::with(const std::string& key, const Json& value) const {
  Workload changed = *this;
  changed.values_[key] = value;
  return changed;
}

Workload Workload::for_a_check() const {
  Workload check = *this;
  for (const char* key : {"rate_per_s", "arrival", "idle_connections", "prove_idle", "requests", "threads"}) {
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

std::vector<std::string> Workload::load_arguments() const { return arguments_of(values_, Taker::kLoad); }

std::vector<std::string> Workload::server_arguments() const { return arguments_of(values_, Taker::kServer); }

}  // namespace fanin
