#include "harness/claims/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/claims/claim_metric.h"
#include "harness/claims/laid_over.h"
#include "harness/suite/schema.h"
#include "harness/suite/workload_keys.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr int kClaimVersion = 1;
// Ten interleaved slices of each arm. Further units narrow an interval more than a longer window does.
constexpr const char* kDefaultWindow = "150ms";
constexpr const char* kDefaultWarmup = "100ms";
constexpr double kDefaultPrecision = 0.2;

ClaimPlacement parse_placement(const Json& name) {
  return name == "shared" ? ClaimPlacement::kShared : name == "all" ? ClaimPlacement::kAll : ClaimPlacement::kSplit;
}

Threshold parse_threshold(const LaidOver& test) {
  const auto least = test.find("/at_least");
  const auto most = test.find("/at_most");
  if (least.has_value() == most.has_value()) {
    test.fail("needs a threshold: give either 'at_least' or 'at_most'");
  }
  const JsonReader& given = least ? *least : *most;
  const Threshold threshold{least.has_value(), given.number()};
  if (test.find("/base") && threshold.value <= 0) {
    given.fail("must be above 0: it is the threshold of a ratio");
  }
  return threshold;
}

// "1,000 idle connections", "close rst", "verify idle"
std::string describe_key(const std::string& key, const Json& value) {
  std::string words = key;
  std::replace(words.begin(), words.end(), '_', ' ');
  if (value.is_number_unsigned()) {
    return fmt::format("{} {}", os::format_count(value.get<std::uint64_t>()), words);
  }
  return value.is_boolean() ? words
                            : fmt::format("{} {}", words, value.is_string() ? value.get<std::string>() : value.dump());
}

// "mix of 99 light and 1 heavy"
std::string describe_mix(const Json& mix) {
  std::vector<std::string> classes;
  for (const Json& each : mix) {
    classes.push_back(each.is_object() && each.contains("weight")
                          ? fmt::format("{} {}", each["weight"].dump(), each.value("name", "unnamed"))
                          : each.dump());
  }
  return fmt::format("mix of {}", fmt::join(classes, " and "));
}

// What it measures and, of its workload, what the side says itself.
std::string describe_side(std::string label, const Json& own_workload) {
  for (const auto& [key, value] : own_workload.items()) {
    label += ", " + (key == "mix" && value.is_array() ? describe_mix(value) : describe_key(key, value));
  }
  return os::printable(label, kLongestName);
}

ServerSpec parse_claim_server(const LaidOver& test, const std::string& side, const FindServer& find_server) {
  const auto model = test.find(side + "/model");
  const auto server = test.find(side + "/server");
  if (model.has_value() == server.has_value()) {
    test.at(side).fail("needs either 'model' or 'server'");
  }
  if (model) {
    ServerSpec spec{.name = model->text(), .model = model->text(), .args = {}, .command = {}};
    if (const auto args = test.find(side + "/args")) {
      spec.args = args->value().get<std::vector<std::string>>();
    }
    return spec;
  }
  if (const auto args = test.find(side + "/args")) {
    args->fail("belong to a 'model'; a server of a suite has its own");
  }
  const auto own = test.find(side + "/servers_of");
  const auto suite = own ? own : test.find("/servers_of");
  if (!suite) {
    server->fail("needs 'servers_of': the suite that has this server");
  }
  try {
    return find_server(suite->text(), server->text());
  } catch (const std::invalid_argument& error) {
    server->fail(error.what());
  }
}

// The test's workload with the side's laid over it.
Workload parse_side_workload(const LaidOver& test, const std::string& side, const Json& own) {
  Json merged = test.find("/workload") ? test.at("/workload").value() : Json::object();
  merged.merge_patch(own);
  const auto given = test.find(side + "/workload");
  const JsonReader place = given ? *given : test.at("/workload");
  const JsonReader reader(merged, place.file(), place.place());
  Workload workload = Workload::parse(reader);
  workload.check_together(reader);
  return workload;
}

ClaimSide parse_side(const LaidOver& test, const std::string& pointer, bool calls, const FindServer& find_server) {
  ClaimSide side;
  const auto own_placement = test.find(pointer + "/placement");
  const auto placement = own_placement ? own_placement : test.find("/placement");
  side.placement = placement ? parse_placement(placement->value()) : ClaimPlacement::kSplit;
  if (calls) {
    test.at(pointer);
    side.benchmark = test.at(pointer + "/benchmark").text();
    for (const char* key : {"/model", "/server", "/args", "/workload"}) {
      if (const auto found = test.find(pointer + key)) {
        found->fail("excludes kind \"calls\", whose sides are benchmarks");
      }
    }
    side.label = describe_side(side.benchmark, Json::object());
    side.place = test.at(pointer + "/benchmark").place();
    return side;
  }
  if (const auto found = test.find(pointer + "/benchmark")) {
    found->fail("needs the kind \"calls\"");
  }
  side.server = parse_claim_server(test, pointer, find_server);
  side.place = test.at(pointer + (test.find(pointer + "/model") ? "/model" : "/server")).place();
  const auto workload = test.find(pointer + "/workload");
  const Json own = workload ? workload->value() : Json::object();
  side.workload = parse_side_workload(test, pointer, own);
  std::string name = side.server.name;
  if (test.find(pointer + "/model")) {  // servers of a suite are told apart by their names alone
    for (const std::string& argument : side.server.args) {
      name += " " + argument;
    }
  }
  side.label = describe_side(std::move(name), own);
  return side;
}

void parse_claim_metric(const LaidOver& test, ClaimCase& result) {
  const JsonReader metric = test.at("/metric");
  result.metric = metric.text();
  if (result.calls) {
    if (result.metric != kCallMetric) {
      metric.fail(fmt::format("must be \"{}\" of kind \"calls\"", kCallMetric));
    }
    result.unit = "ns";
    return;
  }
  const ClaimMetric row = ClaimMetric::parse(metric);
  result.unit = row.unit;
  for (const char* side : {"/base", "/new"}) {
    if (test.find(side)) {
      Json workload = test.find("/workload") ? test.at("/workload").value() : Json::object();
      const auto own = test.find(std::string(side) + "/workload");
      workload.merge_patch(own ? own->value() : Json::object());
      row.check_class(metric, workload);
    }
  }
}

net::Nanoseconds parse_window(const LaidOver& test) {
  constexpr net::Nanoseconds kShortest = std::chrono::milliseconds(50);  // a block of slices of 20 ms for each arm
  const auto given = test.find("/window");
  const net::Nanoseconds window = given ? given->duration() : net::parse_duration(kDefaultWindow);
  if (window < kShortest) {
    given->fail("must be at least 50ms: the arms of a unit are driven in slices");
  }
  return window;
}

ClaimCase make_case(const LaidOver& test, const std::string& id, const FindServer& find_server) {
  ClaimCase result;
  result.id = id;
  result.name = test.at("/name").text();
  result.file = test.root().file();
  result.place = test.root().place();
  result.calls = test.value().value("kind", "servers") == "calls";
  if (result.calls && !test.find("/base")) {
    test.fail("a test of kind \"calls\" compares two benchmarks: give 'base'");
  }
  result.threshold = parse_threshold(test);
  parse_claim_metric(test, result);
  if (test.find("/base")) {
    result.base = parse_side(test, "/base", result.calls, find_server);
  }
  test.at("/new");
  result.now = parse_side(test, "/new", result.calls, find_server);
  result.window = parse_window(test);
  const auto warmup = test.find("/warmup");
  result.warmup = warmup ? warmup->duration() : net::parse_duration(kDefaultWarmup);
  result.accept_invalid = test.value().value("accept_invalid", false);
  result.interleave = test.value().value("interleave", true);
  for (const auto& [key, value] : {std::pair{"/x", &result.x}, {"/published", &result.published}}) {
    if (const auto given = test.find(key)) {
      *value = given->number();
    }
  }
  return result;
}

template <typename Item>
void refuse_second(const JsonReader& reader, const std::vector<Item>& others, const std::string& name) {
  if (std::any_of(others.begin(), others.end(), [&](const Item& other) { return other.name == name; })) {
    reader.at("name").fail(fmt::format("'{}' is given twice", os::printable(name, kLongestName)));
  }
}

std::optional<Threshold> find_own_threshold(const JsonReader& test) {
  const auto least = test.find("at_least");
  const auto most = test.find("at_most");
  return least  ? std::optional(Threshold{true, least->number()})
         : most ? std::optional(Threshold{false, most->number()})
                : std::nullopt;
}

ClaimTest parse_test(const JsonReader& reader, const std::string& id, const FindServer& find_server) {
  ClaimTest test;
  test.name = reader.at("name").text();
  test.says = reader.at("says").text();
  test.axis = reader.value().value("axis", "");
  test.threshold = find_own_threshold(reader);
  const std::string prefix = fmt::format("{}/{}", id, test.name);
  const auto cases = reader.find("cases");
  if (!cases) {
    test.cases.push_back(make_case(LaidOver(reader, std::nullopt), prefix, find_server));
    return test;
  }
  for (const JsonReader& item : cases->items()) {
    const std::string name = item.at("name").text();
    refuse_second(item, test.cases, name);
    test.cases.push_back(make_case(LaidOver(reader, item), fmt::format("{}/{}", prefix, name), find_server));
  }
  return test;
}

ClaimFlip parse_flip(const JsonReader& reader, const std::string& id, const FindServer& find_server) {
  ClaimFlip flip;
  flip.name = reader.at("name").text();
  flip.says = reader.at("says").text();
  flip.parameter = reader.at("parameter").text();
  flip.from = reader.at("from").number();
  flip.to = reader.at("to").number();
  flip.precision = reader.value().value("precision", kDefaultPrecision);
  if (flip.to <= flip.from) {
    reader.at("to").fail("must be above 'from'");
  }
  const WorkloadKey* key = find_workload_key(flip.parameter);
  flip.whole = key->type == WorkloadKey::Type::kCount;
  const std::string prefix = fmt::format("{}/{}", id, flip.name);
  // The document outlives the claim's parts: the claim has a copy, and the reader refers to that (parse_claim).
  flip.make_case = [reader, prefix, find_server, parameter = flip.parameter, whole = flip.whole](double value) {
    LaidOver test(reader, std::nullopt);
    const Json number = whole ? Json(static_cast<std::uint64_t>(value)) : Json(value);
    test.set("/workload/" + parameter, number);
    ClaimCase point = make_case(test, fmt::format("{}/{}", prefix, number.dump()), find_server);
    point.x = value;
    return point;
  };
  return flip;
}

// The values of a search that the key does not take are found before anything is measured.
void check_ends(const ClaimFlip& flip, const JsonReader& reader) {
  for (const auto& [key, end] : {std::pair{"from", flip.from}, {"to", flip.to}}) {
    if (flip.whole && end != static_cast<double>(static_cast<std::uint64_t>(end))) {
      reader.at(key).fail(fmt::format("must be a whole number, as '{}' is", flip.parameter));
    }
    flip.make_case(end);
  }
}

}  // namespace

std::string_view placement_name(ClaimPlacement placement) {
  return placement == ClaimPlacement::kSplit ? "split" : placement == ClaimPlacement::kShared ? "shared" : "all";
}

bool ClaimCase::is_interleavable() const {
  if (calls) {
    return true;  // by Google Benchmark
  }
  const Json named = metric;
  return interleave && base && base->placement == now.placement &&
         base->workload->load_arguments() == now.workload->load_arguments() &&
         base->workload->server_arguments() == now.workload->server_arguments() &&
         ClaimMetric::parse(JsonReader(named, file, place)).is_of_one_server();
}

std::vector<const ClaimCase*> Claim::list_cases() const {
  std::vector<const ClaimCase*> all;
  for (const ClaimTest& test : tests) {
    for (const ClaimCase& each : test.cases) {
      all.push_back(&each);
    }
  }
  return all;
}

Claim parse_claim(const JsonReader& root, const FindServer& find_server) {
  const auto schema = root.find("schema");
  if (!schema || schema->value() != "fanin-claim") {
    root.fail("is no claim: 'schema' must be \"fanin-claim\"");
  }
  root.at("schema_version").only_version(kClaimVersion, "see results/README.md");
  refuse_nul(root);
  check_schema(root, "claim");
  Claim claim;
  claim.id = root.at("id").text();
  if (const std::string stem = std::filesystem::path(root.file()).stem(); stem != claim.id) {
    root.at("id").fail(fmt::format("must be '{}', as the file is called", os::printable(stem, kLongestName)));
  }
  claim.file = root.file();
  claim.document = std::make_shared<const Json>(root.value());
  const JsonReader own(*claim.document, root.file());
  for (const JsonReader& item : own.at("tests").items()) {
    refuse_second(item, claim.tests, item.at("name").text());
    claim.tests.push_back(parse_test(item, claim.id, find_server));
  }
  const auto flips = own.find("flips");
  for (const JsonReader& item : flips ? flips->items() : std::vector<JsonReader>()) {
    const std::string name = item.at("name").text();
    refuse_second(item, claim.tests, name);
    refuse_second(item, claim.flips, name);
    claim.flips.push_back(parse_flip(item, claim.id, find_server));
    check_ends(claim.flips.back(), item);
  }
  return claim;
}

}  // namespace fanin::harness
