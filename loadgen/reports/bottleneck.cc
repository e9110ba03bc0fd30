#include "loadgen/reports/bottleneck.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/reports/format.h"

namespace fanin::load {
namespace {

// CPU time is read when a thread passes a border of the window, which an idle event loop does a tick late; of processes
// that have ended the kernel tells it in ticks as long. A tick must be no more of the window than kSaturated leaves.
constexpr Nanoseconds kShortestForCpu = 10 * kTick;

double share(Nanoseconds part, Nanoseconds whole) {
  return whole > Nanoseconds(0) ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

std::string why_unknown(const ServerProcesses& server) {
  return !server.reason.empty() ? server.reason
         : server.roots.empty() ? "give --server-pid"
                                : fmt::format("process {} has ended", server.roots.front());
}

}  // namespace

void find_bottleneck(const LoadPlan& plan, const LoadResult& result, Verdict& verdict) {
  const double turns = plan.slices ? plan.slices->targets : 1;  // a target that takes turns is idle in those of others
  const double busiest = result.busiest_thread_utilisation.value_or(0) * turns;
  const double all = plan.cpus > 0 ? result.threads_utilisation * turns / plan.cpus : 0;
  const double generator = verdict.generator_utilisation = std::max(busiest, all);
  const double waited = share(result.busiest_run_queue_wait, result.window);
  if (result.window < turns * kShortestForCpu) {
    verdict.bottleneck_reason =
        fmt::format("the window of {} is too short to tell: CPU time is known to {}, which must be a tenth at most",
                    format_time(result.window), format_time(kTick));
    return;
  }
  const unsigned capacity = result.server ? std::min(result.server->cpus, result.server->threads) : 0;
  const double server = capacity > 0 ? turns * share(result.server->cpu, result.window) / capacity : 0;
  std::string figures =
      all > busiest
          ? fmt::format("the generator's threads used {:.0f} % of its {}", all * 100, plural(plan.cpus, "CPU"))
          : fmt::format("the generator's busiest thread used {:.0f} % of a CPU", busiest * 100);
  figures += result.server ? fmt::format(", the server {:.0f} % of its {}", server * 100, plural(capacity, "CPU"))
                           : "; the server's use is not known: " + why_unknown(plan.server);
  if (server >= kSaturated && server >= generator) {
    verdict.bottleneck = Bottleneck::kServer;
  } else if (generator >= kSaturated) {
    verdict.bottleneck = Bottleneck::kGenerator;
  } else if (generator + waited >= kSaturated) {
    verdict.bottleneck = Bottleneck::kUnknown;
    figures += fmt::format(" and waited for one {:.0f} % of the time: it has to share its CPU", waited * 100);
  } else if (!result.server) {
    verdict.bottleneck = Bottleneck::kUnknown;
  } else {
    verdict.bottleneck = plan.rate_per_s ? Bottleneck::kSchedule : Bottleneck::kWaiting;
    figures += plan.rate_per_s ? ": the schedule asks for no more" : ": wake-ups and pauses rule";
  }
  verdict.bottleneck_reason = figures;
}

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept {
  switch (bottleneck) {
    case Bottleneck::kGenerator:
      return "generator";
    case Bottleneck::kServer:
      return "server";
    case Bottleneck::kSchedule:
      return "rate-bound";
    case Bottleneck::kWaiting:
      return "latency-bound";
    case Bottleneck::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace fanin::load
