#include "harness/analysis/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

#include "harness/suite/plan.h"
#include "harness/suite/schema.h"
#include "harness/suite/suite.h"

namespace fanin::harness {
namespace {

constexpr std::uint64_t kParts = 10'000;  // percentiles as whole numbers, so that ranks are exact
constexpr std::array<std::pair<const char*, std::uint64_t>, 6> kPercentiles{
    {{"p50", 5'000}, {"p90", 9'000}, {"p95", 9'500}, {"p99", 9'900}, {"p99.9", 9'990}, {"p99.99", 9'999}}};

std::uint64_t read_count(const Json& object, const char* key) { return object.at(key).get<std::uint64_t>(); }

// Null among the uncompleted, and with fewer than 10/(1-p) values. Never above the maximum, which is exact.
Json percentile(const Json& histogram, std::uint64_t parts) {
  const std::uint64_t total = read_count(histogram, "count") + read_count(histogram, "uncompleted");
  if (total * (kParts - parts) < 10 * kParts) {
    return nullptr;
  }
  const std::uint64_t rank = std::max<std::uint64_t>(1, (parts * total + kParts - 1) / kParts);
  std::uint64_t seen = 0;
  for (const Json& bucket : histogram.at("buckets")) {
    seen += bucket[1].get<std::uint64_t>();
    if (seen >= rank) {
      return std::min(highest_value(bucket[0].get<std::uint64_t>()), read_count(histogram, "max"));
    }
  }
  return nullptr;
}

// `key` is the least or the greatest value, which `bucket`, the first or the last, must hold.
void check_end(const JsonReader& histogram, const char* key, const Json& bucket) {
  const Json& said = histogram.value().at(key);
  const auto lowest = bucket[0].get<std::uint64_t>();
  const std::uint64_t value = said.is_null() ? 0 : said.get<std::uint64_t>();
  if (value < lowest || value > highest_value(lowest)) {
    histogram.at(key).fail(fmt::format("is not in the bucket from {} to {}", lowest, highest_value(lowest)));
  }
}

void check_histogram(const JsonReader& histogram) {
  std::uint64_t count = 0;
  const Json* before = nullptr;
  const Json& buckets = histogram.value().at("buckets");
  for (const Json& bucket : buckets) {
    if (const auto lowest = bucket[0].get<std::uint64_t>(); lowest % (std::uint64_t{1} << bucket_shift(lowest)) != 0) {
      histogram.at("buckets").fail(fmt::format("no bucket begins at {} with two significant digits", lowest));
    }
    if (before != nullptr && bucket[0] <= (*before)[0]) {
      histogram.at("buckets").fail("should ascend");
    }
    count += bucket[1].get<std::uint64_t>();
    before = &bucket;
  }
  if (count != read_count(histogram.value(), "count")) {
    histogram.at("count").fail(fmt::format("the buckets hold {}", count));
  }
  if (!buckets.empty()) {
    check_end(histogram, "min", buckets.front());
    check_end(histogram, "max", buckets.back());
  }
  for (const auto& [name, parts] : kPercentiles) {
    const JsonReader said = histogram.at("percentiles").at(name);
    if (const Json computed = percentile(histogram.value(), parts); said.value() != computed) {
      said.fail(fmt::format("the buckets give {}", computed.dump()));
    }
  }
}

// Those that are there of a part of a result, which may be null, or absent in results of earlier versions.
void check_histograms(const JsonReader& load, const char* part, std::initializer_list<const char*> names) {
  const auto place = load.find(part);
  if (!place || place->value().is_null()) {
    return;
  }
  for (const char* name : names) {
    if (const auto histogram = place->find(name); histogram && !histogram->value().is_null()) {
      check_histogram(*histogram);
    }
  }
}

void check_load(const JsonReader& load) {
  const JsonReader requests = load.at("requests");
  const Json& counts = requests.value();
  if (read_count(counts, "sent") !=
      read_count(counts, "completed") + read_count(counts, "failed") + read_count(counts, "unanswered")) {
    requests.fail("sent is not completed + failed + unanswered");
  }
  check_histograms(load, "latency", {"response", "service", "connect"});
  check_histograms(load, "schedule", {"lateness", "queueing", "gaps"});
  check_histograms(load, "timestamps", {"read_lag", "service"});
}

void check_sums(const JsonReader& round) {
  if (const JsonReader load = round.at("load"); !load.value().is_null()) {
    check_load(load);
  }
}

}  // namespace

void check_round(const JsonReader& round) {
  check_schema(round, "run", "round");
  check_sums(round);
}

namespace {

// The unit of each cell, by its id.
std::map<std::string, std::size_t> number_units(const Suite& suite) {
  const std::vector<Cell> cells = make_cells(suite);
  const std::vector<std::vector<std::size_t>> units = make_units(cells);
  std::map<std::string, std::size_t> numbers;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    for (const std::size_t cell : units[unit]) {
      numbers.emplace(cells[cell].id, unit);
    }
  }
  return numbers;
}

}  // namespace

void check_run(const JsonReader& run) {
  const auto schema = run.find("schema");
  if (!schema || schema->value() != "fanin-run") {
    run.fail("is no run: 'schema' must be \"fanin-run\" (a run directory holds it as run.json)");
  }
  run.at("schema_version").only_version(2, "run it again");
  check_schema(run, "run");
  const Suite suite = parse_suite(run.at("suite"));
  check_cells(run, suite);
  std::set<std::string> cells;
  for (const JsonReader& cell : run.at("cells").items()) {
    cells.insert(cell.at("id").text());
  }
  std::set<std::pair<std::string, std::int64_t>> measured;
  const std::map<std::string, std::size_t> units = number_units(suite);
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> places;  // the unit that has each
  for (const JsonReader& round : run.at("rounds").items()) {
    const std::string cell = round.at("cell").text();
    if (cells.count(cell) == 0) {
      round.at("cell").fail(fmt::format("the run has no cell '{}'", cell));
    }
    if (!measured.emplace(cell, round.at("block").integer(0, suite.repetitions - 1)).second) {
      round.fail("the same cell was measured in the same block before");
    }
    const std::pair place{round.at("block").integer(0, INT64_MAX), round.at("order").integer(0, INT64_MAX)};
    if (places.emplace(place, units.at(cell)).first->second != units.at(cell)) {
      round.at("order").fail("another round has this place in the same block, and was not interleaved with it");
    }
    check_sums(round);
  }
  check_statuses(run, suite);
  check_figures(run, suite);
}

std::string find_run_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (!fs::is_directory(path, none)) {
    return path;
  }
  const fs::path plain = fs::path(path) / "run.json";
  const fs::path gzipped = fs::path(path) / "run.json.gz";
  return !fs::exists(plain, none) && fs::exists(gzipped, none) ? gzipped : plain;
}

Json load_run(const std::string& path) {
  const std::string file = find_run_file(path);
  Json run = load_json(file);
  check_run(JsonReader(run, file));
  return run;
}

}  // namespace fanin::harness
