#include "harness/judge/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <utility>

#include "harness/suite/schema.h"
#include "harness/suite/suite.h"

namespace fanin {
namespace {

constexpr std::uint64_t kParts = 10'000;  // percentiles as whole numbers, so that ranks are exact
constexpr std::array<std::pair<const char*, std::uint64_t>, 6> kPercentiles{
    {{"p50", 5'000}, {"p90", 9'000}, {"p95", 9'500}, {"p99", 9'900}, {"p99.9", 9'990}, {"p99.99", 9'999}}};

std::uint64_t count_of(const Json& object, const char* key) { return object.at(key).get<std::uint64_t>(); }

// The highest value of a bucket, which the layout of the histogram gives.
std::uint64_t highest_of(std::uint64_t lowest) {
  const int bits = 64 - std::countl_zero(lowest);
  return lowest + (std::uint64_t{1} << std::max(0, bits - 8)) - 1;
}

// Null among the values without end, and with fewer than 10/(1-p) values.
Json percentile(const Json& histogram, std::uint64_t parts) {
  const std::uint64_t total = count_of(histogram, "count") + count_of(histogram, "infinite");
  if (total * (kParts - parts) < 10 * kParts) {
    return nullptr;
  }
  const std::uint64_t rank = std::max<std::uint64_t>(1, (parts * total + kParts - 1) / kParts);
  std::uint64_t seen = 0;
  for (const Json& bucket : histogram.at("buckets")) {
    seen += bucket[1].get<std::uint64_t>();
    if (seen >= rank) {
      return highest_of(bucket[0].get<std::uint64_t>());
    }
  }
  return nullptr;
}

void check_histogram(const JsonReader& histogram) {
  std::uint64_t count = 0;
  const Json* before = nullptr;
  for (const Json& bucket : histogram.value().at("buckets")) {
    if (before != nullptr && bucket[0] <= (*before)[0]) {
      histogram.at("buckets").fail("should ascend");
    }
    count += bucket[1].get<std::uint64_t>();
    before = &bucket;
  }
  if (count != count_of(histogram.value(), "count")) {
    histogram.at("count").fail(fmt::format("the buckets hold {}", count));
  }
  for (const auto& [name, parts] : kPercentiles) {
    const JsonReader said = histogram.at("percentiles").at(name);
    if (const Json computed = percentile(histogram.value(), parts); said.value() != computed) {
      said.fail(fmt::format("the buckets give {}", computed.dump()));
    }
  }
}

void check_load(const JsonReader& load) {
  const JsonReader requests = load.at("requests");
  const Json& counts = requests.value();
  if (count_of(counts, "sent") !=
      count_of(counts, "completed") + count_of(counts, "failed") + count_of(counts, "unanswered")) {
    requests.fail("sent is not completed + failed + unanswered");
  }
  const JsonReader latency = load.at("latency");
  for (const char* name : {"response", "service", "connect"}) {
    if (const auto histogram = latency.find(name); histogram && !histogram->value().is_null()) {
      check_histogram(*histogram);
    }
  }
}

void check_sums(const JsonReader& round) {
  if (const JsonReader load = round.at("load"); !load.value().is_null()) {
    check_load(load);
  }
}

std::set<std::string> check_cells(const JsonReader& cells) {
  std::set<std::string> ids;
  for (const JsonReader& cell : cells.items()) {
    if (!ids.insert(cell.at("id").text()).second) {
      cell.fail("stands here twice");
    }
  }
  return ids;
}

}  // namespace

void check_round(const JsonReader& round) {
  check_schema(round, "run", "round");
  check_sums(round);
}

void check_run(const JsonReader& run) {
  const auto schema = run.find("schema");
  if (!schema || schema->value() != "fanin-run") {
    run.fail("is no run: 'schema' must be \"fanin-run\" (a run directory holds it as run.json)");
  }
  run.at("schema_version").only_version(1);
  check_schema(run, "run");
  const JsonReader suite_place = run.at("suite");
  const Suite suite = parse_suite(suite_place.value(), run.file() + ": /suite");
  const std::set<std::string> cells = check_cells(run.at("cells"));
  std::set<std::pair<std::string, std::int64_t>> measured;
  for (const JsonReader& round : run.at("rounds").items()) {
    const std::string cell = round.at("cell").text();
    if (cells.count(cell) == 0) {
      round.at("cell").fail(fmt::format("the run has no cell '{}'", cell));
    }
    if (!measured.emplace(cell, round.at("block").integer(0, suite.repetitions - 1)).second) {
      round.fail("the same cell was measured in the same block before");
    }
    check_sums(round);
  }
}

Json load_run(const std::string& path) {
  Json run = load_json(path);
  check_run(JsonReader(run, path));
  return run;
}

}  // namespace fanin
