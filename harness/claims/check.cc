#include "harness/claims/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "harness/ab/unit.h"
#include "harness/claims/measure.h"
#include "harness/machine/doctor.h"
#include "harness/rounds/requirements.h"
#include "net/socket.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

[[noreturn]] void complain(const std::string& file, const std::string& place, const std::string& problem) {
  throw std::invalid_argument(fmt::format("{}: {}: {}", file, place, problem));
}

std::vector<std::string> list_benchmarks(const std::string& program) {
  os::ChildProcess micro({{program, "--benchmark_list_tests=true"}, {}, -1, os::Output::Keep::kAll});
  const auto ended = [&] { return micro.status().has_value(); };
  os::wait_until({&micro}, -1, -1, net::now() + std::chrono::seconds(30), ended);
  std::vector<std::string> names;
  std::istringstream lines(micro.out().all());
  for (std::string line; std::getline(lines, line);) {
    names.push_back(line);
  }
  return names;
}

}  // namespace

ClaimChecker::ClaimChecker(const RoundContext& context, std::vector<int> allowed)
    : context_(context),
      allowed_(std::move(allowed)),
      catalogue_(Catalogue::query(context.programs.server)),
      unlimited_(catalogue_.without_limits()) {
  net::raise_descriptor_limit();
  limits_ = read_machine_limits();
}

void ClaimChecker::check(const Claim& claim) {
  for (const ClaimCase* each : claim.list_cases()) {
    check_case(*each);
  }
  for (const ClaimFlip& flip : claim.flips) {
    check_case(flip.make_case(flip.from));
    check_case(flip.make_case(flip.to));
  }
}

void ClaimChecker::check_case(const ClaimCase& of_case) {
  for (const ClaimSide* side : {of_case.base ? &*of_case.base : nullptr, &of_case.now}) {
    if (side != nullptr && of_case.calls) {
      check_benchmark(of_case, *side);
    } else if (side != nullptr) {
      check_side(of_case, *side);
    }
  }
}

void ClaimChecker::check_benchmark(const ClaimCase& of_case, const ClaimSide& side) {
  if (context_.programs.micro.empty()) {
    return;  // the case is unsupported
  }
  if (benchmarks_.empty()) {
    benchmarks_ = list_benchmarks(context_.programs.micro);
  }
  if (std::find(benchmarks_.begin(), benchmarks_.end(), side.benchmark) == benchmarks_.end()) {
    complain(of_case.file, side.place,
             fmt::format("there is no benchmark '{}': {}", os::printable(side.benchmark, kLongestName),
                         os::suggest(side.benchmark, benchmarks_, "fanin-micro --benchmark_list_tests shows them")));
  }
}

void ClaimChecker::check_side(const ClaimCase& of_case, const ClaimSide& side) {
  const Model* model = side.server.model.empty() ? nullptr : catalogue_.find(side.server.model);
  if (!side.server.model.empty() && model == nullptr) {
    const std::vector<std::string> known = catalogue_.names();
    complain(of_case.file, side.place,
             fmt::format("there is no model '{}': {}", os::printable(side.server.model, kLongestName),
                         os::suggest(side.server.model, known, fmt::format("known are {}", fmt::join(known, ", ")))));
  }
  std::vector<std::vector<std::string>> lines;
  const auto serves = [&] {
    return std::count(model->protocols.begin(), model->protocols.end(), side.workload->protocol()) > 0;
  };
  if (model != nullptr && !side.server.args.empty() && serves()) {
    lines.push_back(server_command_to_check(side.server, *side.workload, context_.programs));
  }
  lines.push_back({context_.programs.load, "127.0.0.1:1"});
  const std::vector<std::string> load = side.workload->load_arguments();
  lines.back().insert(lines.back().end(), load.begin(), load.end());
  for (const std::vector<std::string>& line : lines) {
    if (!checked_.insert(line).second) {
      continue;
    }
    const std::string folder = std::filesystem::absolute(of_case.file).parent_path();
    if (const std::string said = find_refusal(line, folder); !said.empty()) {
      complain(of_case.file, side.place, said);
    }
  }
}

std::string ClaimChecker::find_side_obstacle(const ClaimCase& of_case, const ClaimSide& side) const {
  const ServerSpec& server = side.server;
  if (!server.command.empty() && server.requirements.empty() && !is_program_installed(server.command.front())) {
    return fmt::format("{}: '{}' is not installed: install it, for the servers of a shipped suite with ./bootstrap.sh",
                       server.name, server.command.front());
  }
  return unsupported_reason(make_claim_cell(of_case, side), side.server,
                            of_case.accept_invalid ? unlimited_ : catalogue_, limits_);
}

std::string ClaimChecker::find_obstacle(const ClaimCase& of_case) const {
  const auto is_split = [](const ClaimSide& side) { return side.placement == ClaimPlacement::kSplit; };
  const bool split = is_split(of_case.now) || (of_case.base && is_split(*of_case.base));
  if (of_case.calls) {
    return context_.programs.micro.empty() ? "there is no fanin-micro next to fanin: build or install it" : "";
  }
  if (split && allowed_.size() < 2) {
    return "server and client need CPUs of their own, and this process may use one: allow two";
  }
  for (const ClaimSide* side : {of_case.base ? &*of_case.base : nullptr, &of_case.now}) {
    if (side != nullptr) {
      if (std::string obstacle = find_side_obstacle(of_case, *side); !obstacle.empty()) {
        return obstacle;
      }
    }
  }
  return "";
}

bool ClaimChecker::keeps_still(const ClaimSide& side) {
  std::vector<std::string> key{side.server.model};
  key.insert(key.end(), side.server.args.begin(), side.server.args.end());
  key.insert(key.end(), side.server.command.begin(), side.server.command.end());
  const auto [known, is_new] = still_.emplace(key, false);
  if (is_new) {
    known->second = !spins_while_idle(context_, side.server, "", *side.workload);
  }
  return known->second;
}

bool ClaimChecker::can_interleave(const ClaimCase& of_case) {
  constexpr std::uint64_t kArms = 3;
  if (of_case.calls || !of_case.is_interleavable()) {
    return of_case.calls;
  }
  const auto connections = static_cast<std::uint64_t>(of_case.now.workload->all_connections());
  const std::string folder = std::filesystem::absolute(of_case.file).parent_path();
  try {
    return judge(limits_, kArms * connections).fits() &&
           harness::can_interleave(context_.programs, *of_case.now.workload, folder) && keeps_still(*of_case.base) &&
           keeps_still(of_case.now);
  } catch (const RoundFailure&) {
    return false;  // the unit says why the server does not start
  } catch (const os::CannotStart&) {
    return false;
  }
}

}  // namespace fanin::harness
