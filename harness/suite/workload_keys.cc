#include "harness/suite/workload_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "harness/suite/schema.h"
#include "net/clock.h"

namespace fanin::harness {
namespace {

using Type = WorkloadKey::Type;

Type parse_type(const std::string& name) {
  static const std::map<std::string, Type> kTypes{{"count", Type::kCount},
                                                  {"number", Type::kNumber},
                                                  {"duration", Type::kDuration},
                                                  {"text", Type::kText},
                                                  {"escaped_text", Type::kEscapedText},
                                                  {"pattern", Type::kPattern},
                                                  {"choice", Type::kChoice},
                                                  {"file", Type::kFile},
                                                  {"flag", Type::kFlag},
                                                  {"texts", Type::kTexts},
                                                  {"ramp", Type::kRamp},
                                                  {"mix", Type::kMix}};
  return kTypes.at(name);
}

WorkloadKey parse_key(const Json& row) {
  using Texts = std::vector<std::string>;
  WorkloadKey key;
  key.name = row.at("key");
  key.option = row.at("option");
  key.prefix = row.value("prefix", "");
  key.type = parse_type(row.at("type"));
  if (key.type == Type::kCount || key.type == Type::kDuration) {
    key.min = row.at("min");
    key.max = row.at("max");
  } else {
    key.highest = row.value("max", 0.0);
  }
  key.words = row.value("words", Texts());
  const std::string taken_by = row.at("taken_by");
  key.for_load = taken_by != "fanin-server";
  key.for_server = taken_by != "fanin-load";
  key.in_class = row.contains("in_class");
  key.protocols = row.value("protocols", Texts());
  key.needs = row.value("needs", Texts());
  key.excludes = row.value("excludes", Texts());
  return key;
}

const Json& option_table() {
  static const Json kTable = Json::parse(schema_text("load-options"));
  return kTable;
}

void check_choice(const WorkloadKey& key, const JsonReader& value) {
  if (std::find(key.words.begin(), key.words.end(), value.text()) == key.words.end()) {
    value.fail(fmt::format("must be one of {}", fmt::join(key.words, "|")));
  }
}

void check_pattern(const JsonReader& value) {
  if (const std::string problem = why_no_pattern(value.text()); !problem.empty()) {
    value.fail(fmt::format("is no regular expression (PCRE2): {}", problem));
  }
}

void check_number(const WorkloadKey& key, const JsonReader& value) {
  if (const double number = value.number(); number <= 0 || number > key.highest) {
    value.fail(fmt::format("must be above 0 and at most {}", key.highest));
  }
}

void check_texts(const JsonReader& value) {
  const std::vector<JsonReader> items = value.items();
  if (items.empty()) {
    value.fail("must hold at least one text");
  }
  for (const JsonReader& item : items) {
    item.text();
  }
}

void check_duration(const WorkloadKey& key, const JsonReader& value) {
  if (value.duration() < net::Nanoseconds(key.min)) {
    value.fail(key.min == 1 ? "must be longer than nothing"
                            : fmt::format("must be {} or longer", net::format_duration(net::Nanoseconds(key.min))));
  }
}

// A run keeps a copy of it under the same path in its directory, so that it can go on by itself.
void check_file(const JsonReader& value) {
  const std::filesystem::path path(value.text());
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
    value.fail("must be the path of a file below the suite's folder, without '..': put it next to the suite");
  }
}

void check_ramp(const WorkloadKey& key, const JsonReader& value) {
  value.only_keys({"from_per_s", "to_per_s"});
  double highest = 0;
  for (const char* end : {"from_per_s", "to_per_s"}) {
    const JsonReader rate = value.at(end);
    if (rate.number() < 0 || rate.number() > key.highest) {
      rate.fail(fmt::format("must be from 0 to {}", key.highest));
    }
    highest = std::max(highest, rate.number());
  }
  if (highest <= 0) {
    value.fail("asks for nothing: one of its rates must be above 0");
  }
}

std::string option_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

void WorkloadKey::check(const JsonReader& value) const {
  switch (type) {
    case Type::kCount:
      value.integer(min, max);
      break;
    case Type::kNumber:
      check_number(*this, value);
      break;
    case Type::kText:
    case Type::kEscapedText:  // by the schema
      value.text();
      break;
    case Type::kPattern:
      check_pattern(value);
      break;
    case Type::kChoice:
      check_choice(*this, value);
      break;
    case Type::kTexts:
      check_texts(value);
      break;
    case Type::kDuration:
      check_duration(*this, value);
      break;
    case Type::kFlag:
      value.boolean();
      break;
    case Type::kFile:
      check_file(value);
      break;
    case Type::kRamp:
      check_ramp(*this, value);
      break;
    case Type::kMix:
      check_mix(value);
      break;
  }
}

void WorkloadKey::append(const Json& value, std::vector<std::string>& arguments) const {
  const auto add = [&](const std::string& text) {
    arguments.push_back(option);
    arguments.push_back(prefix + text);
  };
  if (type == Type::kFlag) {
    if (value == true) {
      arguments.push_back(option);
    }
  } else if (type == Type::kRamp) {
    add(fmt::format("{}..{}", value.at("from_per_s").dump(), value.at("to_per_s").dump()));
  } else if (type == Type::kTexts) {
    std::for_each(value.begin(), value.end(), [&](const Json& each) { add(option_text(each)); });
  } else if (type == Type::kMix) {
    std::for_each(value.begin(), value.end(), [&](const Json& each) { add(mix_class_text(each)); });
  } else {
    add(option_text(value));
  }
}

std::span<const WorkloadKey> workload_keys() {
  static const std::vector<WorkloadKey> kKeys = [] {
    std::vector<WorkloadKey> keys;
    for (const Json& row : option_table().at("options")) {
      if (row.contains("is_key")) {
        keys.push_back(parse_key(row));
      }
    }
    std::stable_partition(keys.begin(), keys.end(), [](const WorkloadKey& key) { return key.name == "protocol"; });
    return keys;
  }();
  return kKeys;
}

const WorkloadKey* find_workload_key(std::string_view name) {
  const auto keys = workload_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const WorkloadKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

const WorkloadLimits& workload_limits() {
  static const WorkloadLimits kLimits = [] {
    const Json& limits = option_table().at("limits");
    return WorkloadLimits{limits.at("blocking_threads"), limits.at("in_flight"), limits.at("stamped_bytes")};
  }();
  return kLimits;
}

const ProtocolTraits& protocol_traits(const std::string& name) {
  static const auto kTraits = [] {
    std::map<std::string, ProtocolTraits> traits;
    for (const Json& each : option_table().at("protocols")) {
      traits[each.at("name")] = {each.at("one_request_per_connection"), each.at("mixes")};
    }
    return traits;
  }();
  return kTraits.at(name);
}

}  // namespace fanin::harness
