#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "loadgen/reports/verdict.h"

namespace fanin::load {
namespace {

// Against one competitor that always runs, a thread gets half the time. On a quiet machine it waits less than a quarter
// (docs/methodology.md).
constexpr double kGrosslyContended = 1.0 / 3;

double to_share(Nanoseconds part, Nanoseconds whole) {
  return whole > Nanoseconds(0) ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

std::optional<double> count_other_cpus(const LoadResult& result) {
  if (!result.machine.busy) {
    return std::nullopt;
  }
  const Nanoseconds generator = result.generator.cpu_user + result.generator.cpu_system;
  const Nanoseconds known = generator + result.servers_cpu;
  const double running = *result.machine.busy - result.machine.steal.value_or(0);  // of all CPU time
  return std::max(0.0, running * result.machine_before.cpus - to_share(known, result.window));
}

}  // namespace

CpuContention find_contention(const LoadPlan& plan, const LoadResult& result) {
  if (result.window < kShortestForCpu) {
    return {};
  }
  const double targets = plan.slices ? plan.slices->targets : 1;  // each is idle while others have their turn
  CpuContention found{.steal = result.machine.steal.value_or(0), .other_cpus = count_other_cpus(result)};
  // Generator and server may wait for each other, but not longer for others than those ran.
  const double most = std::min(1.0, found.other_cpus.value_or(std::numeric_limits<double>::infinity()));
  const auto shorten = [&](Nanoseconds wait) { return std::min(most, targets * to_share(wait, result.window)); };
  // Else its threads wait for each other: those of targets that do not have their turn wake up at every tick.
  if (plan.cpus == 0 || targets * plan.threads <= plan.cpus) {
    found.generator = shorten(result.busiest_run_queue_wait);
  }
  if (result.server && result.server->run_queue_wait) {
    found.server = shorten(*result.server->run_queue_wait);
  }
  return found;
}

std::string CpuContention::text() const {
  std::string figures =
      generator ? fmt::format("the generator waited for a CPU {:.0f} % of the time", *generator * 100) : "";
  if (server) {
    figures += fmt::format("{}the server {}{:.0f} %{}", generator ? ", " : "", generator ? "" : "waited for a CPU ",
                           *server * 100, generator ? "" : " of the time");
  }
  if (steal >= kContended) {
    figures += fmt::format("{}the hypervisor took {:.0f} % of the CPU time", figures.empty() ? "" : ", ", steal * 100);
  }
  return figures + (other_cpus ? fmt::format("; other programs used {:.1f} CPUs", *other_cpus) : "");
}

void check_machine(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const CpuContention contention = find_contention(plan, result);
  if (contention.most() >= kContended) {
    const bool is_gross = contention.most() >= kGrosslyContended && !plan.allow_busy;
    reasons.add(is_gross ? Status::kInvalid : Status::kWarning, ReasonCode::kBusyMachine,
                "in the window " + contention.text());
  }
  if (!plan.machine_busy.empty()) {
    reasons.warn(ReasonCode::kBusyMachine, "before the run " + plan.machine_busy);
  }
}

}  // namespace fanin::load
