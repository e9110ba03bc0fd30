#include "harness/suite/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/suite/schema.h"
#include "net/clock.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr int kSchemaVersion = 2;

// Of fanin-load's --warmup auto (docs/methodology.md).
constexpr net::Nanoseconds kShortestSteadyWarmup = std::chrono::milliseconds(1100);
constexpr net::Nanoseconds kLongestSteadyWarmup = std::chrono::seconds(10);

template <typename Item>
bool has_name(const std::vector<Item>& items, const std::string& name) {
  return std::any_of(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
}

std::vector<std::string> parse_server_names(const JsonReader& reader, const std::vector<ServerSpec>& servers) {
  std::vector<std::string> names;
  for (const JsonReader& item : reader.items()) {
    const std::string name = item.text();
    if (name == "*") {
      for (const ServerSpec& server : servers) {
        names.push_back(server.name);
      }
    } else if (has_name(servers, name)) {
      names.push_back(name);
    } else {
      item.fail(fmt::format("there is no server '{}' in this suite", os::printable(name, kLongestName)));
    }
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  if (names.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    reader.fail("must name at least one server and each only once");
  }
  return names;
}

Sweep parse_sweep(const JsonReader& reader) {
  reader.only_keys({"parameter", "values"});
  const JsonReader parameter = reader.at("parameter");
  Sweep sweep{parameter.text(), {}};
  const JsonReader values = reader.at("values");
  std::set<Json> seen;
  for (const JsonReader& value : values.items()) {
    Workload::check_sweep_value(parameter, value);
    if (!seen.insert(value.value()).second) {
      value.fail("is given twice");
    }
    sweep.values.push_back(value.value());
  }
  if (sweep.values.empty()) {
    values.fail("must hold at least one number");
  }
  return sweep;
}

bool has_text(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

AaControl parse_aa(const JsonReader& reader, const Experiment& experiment) {
  reader.only_keys({"server", "value"});
  const JsonReader server = reader.at("server");
  const JsonReader value = reader.at("value");
  AaControl control{server.text(), value.value()};
  if (!has_text(experiment.servers, control.server)) {
    server.fail("must be a server of this experiment");
  }
  const auto& values = experiment.sweep.values;
  if (std::find(values.begin(), values.end(), control.value) == values.end()) {
    value.fail("must be a value of the sweep");
  }
  return control;
}

// A key of the experiment, else of the suite.
std::optional<JsonReader> find_window(const JsonReader& reader, const JsonReader& root, std::string_view key) {
  auto found = reader.find(key);
  return found ? found : root.find(key);
}

Warmup parse_warmup(const JsonReader& reader, const JsonReader& root, const Workload& workload) {
  const auto found = find_window(reader, root, "warmup");
  if (!found) {
    return {std::chrono::seconds(1)};
  }
  if (found->value() != "auto") {
    return {found->duration()};
  }
  if (workload.has_ramp()) {
    reader.fail("the 'warmup' \"auto\" waits for one steady rate: give a 'ramp' a duration such as \"1s\"");
  }
  return {kShortestSteadyWarmup, true};
}

net::Nanoseconds parse_duration_of(const JsonReader& reader, const JsonReader& root) {
  const auto found = find_window(reader, root, "duration");
  const net::Nanoseconds duration = found ? found->duration() : std::chrono::seconds(10);
  if (duration <= net::Nanoseconds::zero()) {
    reader.fail("the 'duration' must be longer than nothing");
  }
  return duration;
}

// Also where each experiment has its own, so that they do not count.
void check_window_of_suite(const JsonReader& root) {
  for (const char* key : {"warmup", "duration"}) {
    if (const auto found = root.find(key); found && found->value() != "auto") {
      found->duration();
    }
  }
}

void check_cells(const Experiment& experiment, const JsonReader& place) {
  for (const Json& value : experiment.sweep.values) {
    experiment.workload.with(experiment.sweep.parameter, value).check_together(place);
  }
}

void parse_design(const JsonReader& reader, Experiment& experiment) {
  if (const auto design = reader.find("design")) {
    if (design->value() != "rounds" && design->value() != "interleaved") {
      design->fail("must be \"rounds\" or \"interleaved\"");
    }
    experiment.interleaved = design->value() == "interleaved";
  }
  if (const auto baseline = reader.find("baseline")) {
    experiment.baseline = baseline->text();
    if (!has_text(experiment.servers, experiment.baseline)) {
      baseline->fail("must be a server of this experiment");
    }
  }
}

Experiment parse_experiment(const JsonReader& reader, const Suite& suite, const JsonReader& root) {
  reader.only_keys({"name", "title", "servers", "workload", "sweep", "aa", "warmup", "duration", "design", "baseline"});
  const std::string name = parse_name(reader.at("name"));
  Experiment experiment{name,
                        name,
                        parse_server_names(reader.at("servers"), suite.servers),
                        Workload::parse(reader.at("workload")),
                        parse_sweep(reader.at("sweep")),
                        std::nullopt,
                        {},
                        parse_duration_of(reader, root)};
  experiment.warmup = parse_warmup(reader, root, experiment.workload);
  check_cells(experiment, reader.at("workload"));
  if (const auto title = reader.find("title")) {
    experiment.title = title->text();
  }
  if (const auto aa = reader.find("aa")) {
    experiment.aa = parse_aa(*aa, experiment);
  }
  parse_design(reader, experiment);
  return experiment;
}

void parse_lists(Suite& suite, const JsonReader& root) {
  const auto install = root.find("install");
  const std::string installer = install ? install->text() : "";
  for (const JsonReader& item : root.at("servers").items()) {
    ServerSpec server = parse_server(item, installer);
    if (has_name(suite.servers, server.name)) {
      item.fail(fmt::format("the name '{}' is taken by another server", server.name));
    }
    suite.servers.push_back(std::move(server));
  }
  for (const JsonReader& item : root.at("experiments").items()) {
    Experiment experiment = parse_experiment(item, suite, root);
    if (has_name(suite.experiments, experiment.name)) {
      item.fail(fmt::format("the name '{}' is taken by another experiment", experiment.name));
    }
    suite.experiments.push_back(std::move(experiment));
  }
  if (suite.experiments.empty()) {
    root.at("experiments").fail("must hold at least one experiment");
  }
}

}  // namespace

void refuse_nul(const JsonReader& reader) {
  const Json& value = reader.value();
  if (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos) {
    reader.fail("holds a NUL (U+0000), at which an argument of a program ends: leave it out");
  }
  if (value.is_array()) {
    const std::vector<JsonReader> items = reader.items();
    std::for_each(items.begin(), items.end(), refuse_nul);
  } else if (value.is_object()) {
    for (const auto& [key, unused] : value.items()) {
      refuse_nul(reader.at(key));
    }
  }
}

net::Nanoseconds Warmup::longest() const noexcept { return until_steady ? kLongestSteadyWarmup : length; }

std::string Warmup::text(int targets) const { return until_steady ? "auto" : net::format_duration(targets * length); }

Suite parse_suite(const Json& document, const std::string& file) { return parse_suite(JsonReader(document, file)); }

Suite parse_suite(const JsonReader& root) {
  const auto schema = root.find("schema");
  if (!schema || schema->value() != "fanin-suite") {
    root.fail("is no suite: 'schema' must be \"fanin-suite\"");
  }
  root.at("schema_version").only_version(kSchemaVersion, "rename its keys as in results/README.md");
  root.only_keys({"schema", "schema_version", "name", "description", "repetitions", "seed", "warmup", "duration",
                  "install", "servers", "experiments"});
  refuse_nul(root);
  Suite suite;
  suite.name = parse_name(root.at("name"));
  if (const auto description = root.find("description")) {
    suite.description = description->text();
  }
  suite.repetitions = static_cast<int>(root.at("repetitions").integer(1, 10'000));
  if (const auto seed = root.find("seed"); seed && !seed->value().is_null()) {
    suite.seed = static_cast<std::uint64_t>(seed->integer(0, INT64_MAX));
  }
  suite.document = root.value();
  check_window_of_suite(root);
  parse_lists(suite, root);
  check_schema(root, "suite");  // so that nothing is measured which other readers of the format would refuse
  return suite;
}

}  // namespace fanin::harness
