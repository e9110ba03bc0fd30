#include "harness/suite/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "harness/suite/workload_keys.h"
#include "os/format.h"

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
      std::vector<std::string> known;
      for (const WorkloadKey& each : workload_keys()) {
        known.emplace_back(each.name);
      }
      reader.fail(describe_unknown_key(name, known));
    }
    if (const auto value = reader.find(name)) {
      key->check(*value);
      values[name] = value->value();
    }
  }
  reader.at("protocol");
  return Workload(std::move(values));
}

void Workload::check_sweep_value(const JsonReader& parameter, const JsonReader& value) {
  const std::string name = parameter.text();
  const WorkloadKey* key = find_workload_key(name);
  if (key == nullptr || !key->can_be_swept()) {
    parameter.fail(
        fmt::format("'{}' cannot be swept: it is no numeric key of a workload", os::printable(name, kLongestName)));
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
                          "trickle", "aborts", "send_bytes_per_s", "read_bytes_per_s", "threads", "idle_strategy"}) {
    check.values_.erase(key);
  }
  const std::size_t few = std::max<std::size_t>(4, values_.value("mix", Json::array()).size());
  check.values_["connections"] = std::min(static_cast<std::int64_t>(few), connections());
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

bool Workload::closes_connections() const {
  const Json headers = values_.value("headers", Json::array());
  return values_.value("requests_per_connection", 0) != 0 || !headers.empty();
}

bool Workload::has_ramp() const { return values_.contains("ramp"); }

bool Workload::has_rate() const { return values_.contains("rate"); }

std::string Workload::trace() const { return values_.value("trace", ""); }

std::vector<std::string> Workload::class_names() const {
  std::vector<std::string> names;
  for (const Json& each : values_.value("mix", Json::array())) {
    const std::string text = mix_class_text(each);  // a class without a name goes by what follows its weight
    const std::size_t blank = text.find(' ');
    const std::string options = blank == std::string::npos ? "plain" : text.substr(blank + 1);
    names.push_back(each.value("name", options));
  }
  return names;
}

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

namespace {

constexpr std::size_t kMaxClasses = 16;
constexpr double kHighestWeight = 1e9;

std::string_view quote_for(const std::string& text) {
  const bool plain =
      !text.empty() && text.find(' ') == std::string::npos && text.front() != '\'' && text.front() != '"';
  return plain ? "" : text.find('\'') == std::string::npos ? "'" : "\"";
}

// KEY=VALUE; a value with blanks goes within quotes.
std::string assignment(std::string_view key, const std::string& text) {
  const std::string_view quote = quote_for(text);
  return fmt::format(" {}={}{}{}", key, quote, text, quote);
}

// Everything but weight and name.
std::string options_text(const Json& of_class) {
  std::string text;
  for (const WorkloadKey& key : workload_keys()) {
    if (const auto found = of_class.find(key.name); found != of_class.end()) {
      std::vector<std::string> words;
      key.append(*found, words);
      for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        text += assignment(std::string_view(words[i]).substr(2), words[i + 1]);
      }
    }
  }
  return text;
}

// The option --mix has no escapes, so a text that needs quotes and has both kinds cannot be said.
void check_quotes(const JsonReader& value) {
  if (value.value().is_array()) {
    const std::vector<JsonReader> items = value.items();
    std::for_each(items.begin(), items.end(), check_quotes);
  } else if (value.value().is_string()) {
    const std::string text = value.text();
    if (const auto quote = quote_for(text); !quote.empty() && text.find(quote) != std::string::npos) {
      value.fail("needs quotes and has both kinds of them, which a class of a mix cannot say: leave one kind out");
    }
  }
}

// What may differ between requests on one connection.
std::vector<std::string> list_class_keys() {
  std::vector<std::string> names = {"weight", "name"};
  for (const WorkloadKey& key : workload_keys()) {
    if (key.in_class) {
      names.emplace_back(key.name);
    }
  }
  return names;
}

void check_class(const JsonReader& of_class) {
  const JsonReader weight = of_class.at("weight");
  if (weight.number() <= 0 || weight.number() > kHighestWeight) {
    weight.fail(fmt::format("must be above 0 and at most {}", static_cast<std::int64_t>(kHighestWeight)));
  }
  if (of_class.value().contains("name")) {
    of_class.at("name").text();
    check_quotes(of_class.at("name"));
  }
  for (const auto& [name, value] : of_class.value().items()) {
    if (name == "weight" || name == "name") {
      continue;
    }
    const WorkloadKey* key = find_workload_key(name);
    if (key == nullptr || !key->in_class) {
      of_class.fail(describe_unknown_key(name, list_class_keys()));
    }
    const JsonReader given = of_class.at(name);
    key->check(given);
    check_quotes(given);
  }
}

// As fanin-load calls the class in its result.
std::string class_name(const Json& of_class) { return of_class.value("name", options_text(of_class)); }

}  // namespace

void check_mix(const JsonReader& mix) {
  const std::vector<JsonReader> classes = mix.items();
  if (classes.size() < 2 || classes.size() > kMaxClasses) {
    mix.fail(fmt::format("must hold 2 to {} classes of requests", kMaxClasses));
  }
  std::vector<std::string> names;
  for (const JsonReader& each : classes) {
    check_class(each);
    names.push_back(class_name(each.value()));
    if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1) {
      each.fail("another class has the same name: give each a 'name' of its own");
    }
  }
}

std::string mix_class_text(const Json& of_class) {
  const auto name = of_class.find("name");
  return of_class.at("weight").dump() + (name == of_class.end() ? "" : assignment("name", name->get<std::string>())) +
         options_text(of_class);
}

}  // namespace fanin::harness
