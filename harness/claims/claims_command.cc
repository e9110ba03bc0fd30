#include "harness/claims/claims_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "harness/ab/false_alarms.h"
#include "harness/claims/check.h"
#include "harness/claims/claim_variant.h"
#include "harness/claims/claims_run.h"
#include "harness/claims/claims_session.h"
#include "harness/claims/claims_store.h"
#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "harness/suite/plan.h"
#include "net/affinity.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr net::Nanoseconds kShortestBudget = std::chrono::seconds(1);

// Finds servers in suites, each of which is read once.
FindServer make_server_finder(const Programs& programs) {
  auto suites = std::make_shared<std::map<std::string, Suite>>();
  return [programs, suites](const std::string& name, const std::string& server) {
    auto suite = suites->find(name);
    if (suite == suites->end()) {
      const std::string path = find_suite(name, programs);
      suite = suites->emplace(name, parse_suite(load_json(path), path)).first;
    }
    std::vector<std::string> names;
    for (const ServerSpec& spec : suite->second.servers) {
      if (spec.name == server) {
        return spec;
      }
      names.push_back(spec.name);
    }
    throw std::invalid_argument(fmt::format("there is no server '{}' in the suite {}: {}",
                                            os::printable(server, kLongestName), os::printable(name, kLongestName),
                                            os::suggest(server, names, "'fanin list SUITE' shows its cells")));
  };
}

// The shipped claims, K2 before K10.
std::vector<ClaimFile> list_shipped_files(const Programs& programs) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(programs.data() / "claims")) {
    if (entry.path().extension() == ".json") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end(),
            [](const std::string& a, const std::string& b) { return ::strverscmp(a.c_str(), b.c_str()) < 0; });
  std::vector<ClaimFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) {
    files.push_back({path, nullptr});
  }
  return files;
}

// Parses files and has the programs check them. A wrong one is printed, and the others are checked too.
class Loader {
 public:
  Loader(const Programs& programs, ClaimChecker& checker, const ClaimsOptions& options)
      : find_server_(make_server_finder(programs)), checker_(checker), swap_(options.swap_sides) {
    if (!options.replace.empty()) {
      replacement_ = Replacement::parse(options.replace);
    }
  }

  void load(const ClaimFile& file, std::deque<Claim>& claims) {
    try {
      Claim claim = parse(file.document.is_null() ? load_json(file.path) : file.document, file.path);
      const auto has_its_id = [&](const Claim& other) { return other.id == claim.id; };
      if (std::any_of(claims.begin(), claims.end(), has_its_id)) {
        throw std::invalid_argument(
            fmt::format("{}: another file has the claim '{}' too: leave one out", file.path, claim.id));
      }
      checker_.check(claim);
      claims.push_back(std::move(claim));
    } catch (const std::invalid_argument& error) {
      os::print_error("fanin", error.what());
      ++wrong_;
    }
  }
  std::size_t wrong() const noexcept { return wrong_; }
  // Throws std::invalid_argument if no claim has the model that was to be replaced.
  void check_replacement() const {
    if (replacement_ && !has_replaced_) {
      throw std::invalid_argument(fmt::format("--replace: none of these claims measures the model '{}': name another",
                                              os::printable(replacement_->model, kLongestName)));
    }
  }

 private:
  // The claim as it is to be measured.
  Claim parse(const Json& document, const std::string& path) {
    Claim claim = parse_claim(JsonReader(document, path), find_server_);
    if (replacement_) {
      const Json replaced = replace_model(JsonReader(*claim.document, path), *replacement_);
      has_replaced_ |= replaced != *claim.document;
      claim = parse_claim(JsonReader(replaced, path), find_server_);
    }
    if (swap_) {
      claim = parse_claim(JsonReader(swap_sides(JsonReader(*claim.document, path)), path), find_server_);
    }
    return claim;
  }

  FindServer find_server_;
  ClaimChecker& checker_;
  bool swap_;
  std::optional<Replacement> replacement_;
  bool has_replaced_ = false;
  std::size_t wrong_ = 0;
};

// A file is called as its claim, so others need not be read.
void keep_matching(std::vector<ClaimFile>& files, const Globs& only) {
  std::vector<std::string> ids;
  ids.reserve(files.size());
  for (const ClaimFile& file : files) {
    ids.push_back(fs::path(file.path).stem());
  }
  std::vector<ClaimFile> kept;
  for (const std::size_t index : select_ids(only, ids, "claim")) {
    kept.push_back(std::move(files[index]));
  }
  files = std::move(kept);
}

void announce(const ClaimsRun& run, const std::string& directory) {
  std::size_t cases = 0;
  std::size_t flips = 0;
  for (const Claim& claim : run.claims) {
    cases += claim.list_cases().size();
    flips += claim.flips.size();
  }
  os::print_text(stderr, fmt::format("{}: {}, {}, {}; at most {} of each case in {}; seed {}; {}\n", run.id,
                                     os::plural(run.claims.size(), "claim"), os::plural(cases, "case"),
                                     os::plural(flips, "flip"), os::plural(run.plan.looks.back(), "unit"),
                                     net::format_duration(run.budget), run.seed, os::printable(directory)));
  if (const std::string busy = describe_busy(run.environment_start); !busy.empty()) {
    os::print_text(stderr, fmt::format("busy-machine: {}: stop other programs, and start again\n", busy));
  }
}

// Whether it came to its end; false if the user interrupted it.
bool measure(const RoundContext& context, ClaimChecker& checker, ClaimsRun& run, ClaimsStore& store) {
  const std::vector<int> allowed = net::allowed_cpus();
  RoundsLog log(store.units_path());
  ClaimsSession session(context, allowed, checker, run, log, store.recover());
  // The harness sleeps there: it must not take time from the server.
  net::bind_to_cpus(context.placement.client_cpus);
  bool complete = true;
  try {
    session.measure();
  } catch (const Interrupted&) {
    complete = false;
  } catch (const std::system_error& error) {
    throw std::runtime_error(fmt::format("{}: finished units are kept; go on with: fanin claims --resume {}",
                                         error.what(), store.directory()));
  }
  net::bind_to_cpus(allowed);
  return complete;
}

// `copy` may be null.
void finish(const RoundContext& context, ClaimsRun& run, const ClaimsStore& store, os::ResultFile* copy) {
  run.environment_end = read_environment(context.programs);
  run.finished_at = timestamp_now();
  const std::string document = to_text(run.to_json());
  os::write_file_atomically(store.result_path(), document);
  if (copy != nullptr) {
    copy->write(document);
  }
}

ClaimsRun make_run(const RoundContext& context, const ClaimsOptions& options, std::deque<Claim> claims) {
  ClaimsRun run;
  run.claims = std::move(claims);
  run.id = fmt::format("claims-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  run.started_at = timestamp_now();
  run.seed = options.seed.value_or(draw_seed());
  run.budget = options.budget;
  run.environment_start = read_environment(context.programs);
  std::vector<const ClaimCase*> cases;
  for (const Claim& claim : run.claims) {
    const auto own = claim.list_cases();
    cases.insert(cases.end(), own.begin(), own.end());
  }
  run.plan = plan_claim_looks(run.budget, cases);
  run.flip_plan = plan_claim_looks({}, cases);
  return run;
}

}  // namespace

int run_claims(const ClaimsOptions& options) {
  if (options.resume.empty() && options.budget < kShortestBudget) {
    throw std::invalid_argument(fmt::format("--budget {}: must be at least {}: no case gets a unit in less",
                                            net::format_duration(options.budget),
                                            net::format_duration(kShortestBudget)));
  }
  const Interrupt interrupt;
  RoundContext context = make_context("", "");
  context.interrupt_fd = interrupt.fd();
  ClaimChecker checker(context, net::allowed_cpus());
  std::optional<ClaimsStore> store;
  std::vector<ClaimFile> files;
  if (!options.resume.empty()) {
    store.emplace(ClaimsStore::open(options.resume));
    files = store->plan().files;
  } else if (options.files.empty()) {
    files = list_shipped_files(context.programs);
  }
  for (const std::string& path : options.files) {
    files.push_back({path, nullptr});
  }
  if (options.resume.empty()) {
    const bool takes_all = options.list || !options.files.empty();
    keep_matching(files, options.only.empty() && !takes_all ? Globs{"K*"} : options.only);
  }
  std::deque<Claim> claims;
  Loader loader(context.programs, checker, options);
  for (const ClaimFile& file : files) {
    loader.load(file, claims);
  }
  if (loader.wrong() > 0) {
    return static_cast<int>(os::ExitCode::kUsage);
  }
  loader.check_replacement();
  if (options.list) {
    os::print_text(stdout, list_claims(claims));
    return static_cast<int>(os::ExitCode::kPassed);
  }
  const auto copy = os::open_result_file(options.json_path, "--json", options.files);
  ClaimsRun run = make_run(context, options, std::move(claims));
  if (store) {
    const Json environment = run.environment_start;
    store->plan().restore(run);
    refuse_changed_environment(run.environment_start, environment);
  } else {
    store.emplace(ClaimsStore::create(options.out.empty() ? "results/" + run.id : options.out, run));
  }
  run.begin();
  run.false_alarms = describe_false_alarms((context.programs.data() / "results/selftest/selftest.json").string(),
                                           run.environment_start);
  announce(run, store->directory());
  run.complete = measure(context, checker, run, *store);
  finish(context, run, *store, copy.get());
  os::print_text(stdout, describe_claims(run));
  if (!run.complete) {
    os::print_text(stderr, fmt::format("interrupted: finished units are kept; go on with: fanin claims --resume {}\n",
                                       os::printable(store->directory())));
    return static_cast<int>(os::ExitCode::kInterrupted);
  }
  os::print_text(stdout, fmt::format("\nResults: {}\n", os::printable(store->result_path())));
  return static_cast<int>(run.exit_code());
}

}  // namespace fanin::harness
