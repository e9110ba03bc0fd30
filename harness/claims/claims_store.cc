#include "harness/claims/claims_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "harness/suite/schema.h"
#include "os/files.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr int kPlanVersion = 1;

std::string plan_path(const std::string& directory) { return directory + "/plan.json"; }

Json looks_to_json(const statistics::SequentialPlan& plan) {
  return {{"looks", plan.looks}, {"error_rate", plan.error_rate}};
}

statistics::SequentialPlan looks_from_json(const Json& json) {
  return {json.at("looks").get<std::vector<std::size_t>>(), json.at("error_rate").get<double>()};
}

ClaimsPlan read_plan(const std::string& path) {
  ClaimsPlan plan;
  plan.settings = load_json(path);
  const JsonReader reader(plan.settings, path);
  const auto schema = reader.find("schema");
  if (!schema || schema->value() != "fanin-claims-plan") {
    reader.fail("is no plan of fanin claims: start a new run");
  }
  reader.at("schema_version").only_version(kPlanVersion, "start a new run");
  check_schema(reader, "claims-plan");
  for (const JsonReader& file : reader.at("files").items()) {
    plan.files.push_back({file.at("path").text(), file.at("document").value()});
  }
  return plan;
}

// The whole lines of a file; what a crash left of the last one is removed from the file.
std::vector<std::string> take_lines(const std::string& path) {
  const std::string text = load_text(path);
  std::vector<std::string> lines;
  std::size_t whole = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', whole)) {
    lines.push_back(text.substr(whole, end - whole));
    whole = end + 1;
  }
  if (whole < text.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0) {
    os::throw_cannot_write(path, errno);
  }
  return lines;
}

UnitRecord read_unit(const JsonReader& line) {
  try {
    return UnitRecord::parse(line);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: start a new run", error.what()));
  }
}

}  // namespace

void ClaimsPlan::restore(ClaimsRun& run) const {
  run.id = settings.at("id");
  run.started_at = settings.at("started_at");
  run.seed = settings.at("seed");
  run.budget = net::Nanoseconds(settings.at("budget_ns").get<std::int64_t>());
  run.plan = looks_from_json(settings.at("plan"));
  run.flip_plan = looks_from_json(settings.at("flip_plan"));
  run.environment_start = settings.at("environment");
}

ClaimsStore ClaimsStore::create(const std::string& directory, const ClaimsRun& run) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || ::access(directory.c_str(), W_OK) != 0) {
    throw std::system_error(error ? error.value() : errno, std::generic_category(),
                            fmt::format("cannot write results to {} (choose another with --out)", directory));
  }
  ClaimsStore store(directory);
  for (const std::string& path :
       {plan_path(directory), store.units_path(), store.result_path(), directory + "/run.json"}) {
    if (fs::exists(path)) {
      throw std::invalid_argument(
          fmt::format("{}: holds a run already: go on with --resume, or choose another with --out", directory));
    }
  }
  Json files = Json::array();
  for (const Claim& claim : run.claims) {
    files.push_back({{"path", claim.file}, {"document", *claim.document}});
  }
  const Json plan{{"schema", "fanin-claims-plan"},
                  {"schema_version", kPlanVersion},
                  {"id", run.id},
                  {"started_at", run.started_at},
                  {"seed", run.seed},
                  {"budget_ns", run.budget.count()},
                  {"plan", looks_to_json(run.plan)},
                  {"flip_plan", looks_to_json(run.flip_plan)},
                  {"environment", run.environment_start},
                  {"files", std::move(files)}};
  os::write_file_atomically(plan_path(directory), to_text(plan));
  return store;
}

ClaimsStore ClaimsStore::open(const std::string& directory) {
  if (!fs::exists(plan_path(directory))) {
    throw std::invalid_argument(
        fmt::format("{}: there is no such file: give --resume the directory of a run of claims", plan_path(directory)));
  }
  ClaimsStore store(directory);
  store.plan_ = read_plan(plan_path(directory));
  if (fs::exists(store.result_path()) && load_json(store.result_path()).value("complete", false)) {
    throw std::invalid_argument(fmt::format("{}: is complete, there is nothing to resume", store.result_path()));
  }
  return store;
}

std::map<std::string, std::vector<UnitRecord>> ClaimsStore::recover() const {
  std::map<std::string, std::vector<UnitRecord>> units;
  const std::string path = units_path();
  std::size_t number = 0;
  for (const std::string& line : fs::exists(path) ? take_lines(path) : std::vector<std::string>()) {
    ++number;
    const Json document = parse_json(line, path, number);
    const JsonReader reader(document, fmt::format("{}: line {}", path, number));
    UnitRecord unit = read_unit(reader);
    std::vector<UnitRecord>& others = units[unit.case_id];
    if (unit.unit != others.size()) {
      reader.at("unit").fail(fmt::format("must be {}, the next of its case: start a new run", others.size()));
    }
    others.push_back(std::move(unit));
  }
  return units;
}

}  // namespace fanin::harness
