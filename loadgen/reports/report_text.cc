#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loadgen/records/clock.h"
#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr std::size_t kSummaryWidth = 100;
constexpr std::size_t kSummaryIndent = 18;  // of what does not fit into a line

std::string rate_text(const LoadPlan& plan) {
  return plan.ramp
             ? fmt::format("{} to {}", os::format_rate(plan.ramp->from_per_s), os::format_rate(plan.ramp->to_per_s))
             : os::format_rate(*plan.rate_per_s);
}

std::string arrival_text(const LoadPlan& plan) {
  switch (plan.arrival) {
    case ArrivalKind::kBursts:
      return fmt::format("bursts of {}", os::format_count(plan.burst_size));
    case ArrivalKind::kTrace:
      return fmt::format("{} times of {}", os::format_count(plan.trace->size()), os::printable(plan.trace->file()));
    default:
      return std::string(arrival_name(plan.arrival));
  }
}

std::string statuses_line(const LoadResult& result) {
  std::string text;
  for (const auto& [status, count] : result.statuses) {
    text += fmt::format("{}{}: {}", text.empty() ? "  statuses      " : ", ", status, os::format_count(count));
  }
  return text.empty() ? "" : text + "\n";
}

std::string errors_table(const LoadResult& result) {
  std::string text;
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const std::uint64_t requests = result.request_errors[kind];
    const std::uint64_t connections = result.connection_errors[kind];
    if (requests + connections > 0) {
      text += fmt::format("  {:<18}{:>14}{:>14}\n", error_name(kind), os::format_count(requests),
                          os::format_count(connections));
    }
  }
  return text.empty() ? "" : fmt::format("  {:<18}{:>14}{:>14}\n{}\n", "errors", "requests", "connections", text);
}

std::string connections_line(const LoadPlan& plan, const LoadResult& result) {
  std::string text = fmt::format("  connections   {} of {} up, {} served, {} failed, {} reopened\n",
                                 os::format_count(result.connections.established), os::format_count(plan.connections),
                                 os::format_count(result.served), os::format_count(result.connections.failed),
                                 os::format_count(result.connections.reconnects));
  if (result.downtime.lost > Nanoseconds(0)) {
    text += fmt::format("  downtime      connections were lost for {:.3g} % of their time",
                        result.share_of_connections(result.downtime.lost, plan).value_or(0) * 100);
    if (result.downtime.unreachable > Nanoseconds(0)) {
      text += fmt::format("; unreachable for {} of {}", os::format_time(result.downtime.unreachable),
                          os::format_time(result.window));
    }
    text += "\n";
  }
  if (plan.idle > 0) {
    text += fmt::format("  idle          {} of {} up, {}{} lost\n",
                        os::format_count(result.connections.idle_established), os::format_count(plan.idle),
                        plan.verify_idle ? os::format_count(result.connections.idle_served) + " served, " : "",
                        os::format_count(result.connections.idle_lost));
  }
  if (plan.aborts_per_s) {
    text += fmt::format("  aborts        {} made, {} failed: further connections that reset within a request\n",
                        os::format_count(result.connections.aborts_made),
                        os::format_count(result.connections.aborts_failed));
  }
  const std::uint64_t up = result.connections.established + result.connections.idle_established;
  if (result.setup > Nanoseconds(0) && up > 0) {
    text += fmt::format("  set-up        {} for all, {} new connections; closing {}\n", os::format_time(result.setup),
                        os::format_rate(static_cast<double>(up) * 1e9 / static_cast<double>(result.setup.count())),
                        os::format_time(result.closing));
  }
  return text + fmt::format("  fairness      replies per connection: min {}, median {}, max {}\n",
                            os::format_count(result.replies_min),
                            os::format_count(static_cast<std::uint64_t>(std::llround(result.replies_median))),
                            os::format_count(result.replies_max));
}

std::string schedule_line(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  if (!plan.rate_per_s) {
    return "";
  }
  const double preempted = result.late_by_preemptions_share().value_or(0);
  std::string text = fmt::format("  schedule      asked {}", os::format_rate(*plan.rate_per_s));
  text += verdict.achieved_rate_per_s ? ", achieved " + os::format_rate(*verdict.achieved_rate_per_s) : "";
  text += verdict.within_tolerance_share
              ? fmt::format("; {:.2f} % left within {} of their time{}, the latest {} after it\n",
                            *verdict.within_tolerance_share * 100, os::format_time(lateness_tolerance(plan)),
                            preempted > 0 ? fmt::format(" ({:.2f} % more without preemptions)", preempted * 100) : "",
                            os::format_time(result.lateness.max()))
              : "; no request of the window left\n";
  if (result.queued() > 0) {
    text += fmt::format(
        "  queued        {} found no connection free and waited for one, p50 {}, the longest {}\n",
        os::plural(result.queued(), "request"), percentile_text(result.queueing, 5000),
        result.queueing.uncompleted() > 0 ? "until the end of the run" : os::format_time(result.queueing.max()));
  }
  return text;
}

std::string cpu_share(const std::optional<double>& share) {
  return share ? fmt::format("{:.0f} % of a CPU", *share * 100) : "-";
}

// Requests that were sent and stand in no other figure; and what ended the warm-up, where that was not its time.
std::string warmup_line(const LoadPlan& plan, const LoadResult& result) {
  if (plan.warmup == Nanoseconds(0)) {
    return "";
  }
  std::string end;
  if (plan.warmup_until_steady) {
    end = result.warmup_steady ? ", then the throughput was steady" : ", and the throughput was not steady yet";
  }
  if (result.warmup_end == WarmupEnd::kServed) {
    end = ", then every connection had been served";
  }
  return fmt::format("  warm-up       {} in {}, not counted{}\n", os::plural(result.warmup_requests, "request"),
                     os::format_time(result.warmup), end);
}

std::string generator_line(const LoadResult& result) {
  const auto cpu = result.generator_ns_per_request();
  const std::string each =
      cpu ? os::format_time(Nanoseconds(std::llround(*cpu))) + " of CPU per request, " : std::string();
  return fmt::format("  generator     {}busiest thread {}, {}\n", each, cpu_share(result.busiest_thread_utilisation),
                     os::format_bytes(static_cast<double>(result.generator.max_rss_bytes)));
}

std::string wait_line(const LoadPlan& plan, const LoadResult& result) {
  if (!plan.rate_per_s) {
    return "";
  }
  std::string text =
      fmt::format("  idle strategy {}: {}\n", idle_strategy_name(plan.idle_strategy.kind), plan.idle_strategy.reason);
  if (plan.idle_strategy.kind == IdleStrategy::kSpin) {
    text += fmt::format("  preemptions   {} of {} and more, {} in all, the longest {}\n",
                        os::format_count(result.preemptions.count), os::format_time(BusyPollMeter::kMinPreemption),
                        os::format_time(result.preemptions.total), os::format_time(result.preemptions.longest));
  }
  return text;
}

// What other programs and the hypervisor took; not where it is next to nothing.
std::string machine_line(const LoadResult& result) {
  constexpr double kWorthALine = 0.01;
  const double pressure = result.machine.pressure.value_or(0);
  const double steal = result.machine.steal.value_or(0);
  return std::max(pressure, steal) < kWorthALine
             ? ""
             : fmt::format(
                   "  machine       some task waited for a CPU {:.0f} % of the window; {:.1f} % of the CPU time was "
                   "stolen by the hypervisor\n",
                   pressure * 100, steal * 100);
}

std::string calibration_line(const LoadPlan& plan) {
  return plan.ceiling_reason.empty() ? "" : fmt::format("  calibration   {}\n", plan.ceiling_reason);
}

std::string verdict_lines(const LoadResult& result, const Verdict& verdict) {
  std::string text;
  if (result.completed + result.completed_in_window > 0) {
    text = fmt::format("  bottleneck    {}: {}\n", bottleneck_name(verdict.bottleneck), verdict.bottleneck_reason);
  }
  text += fmt::format("  verdict       {}\n", status_name(verdict.status));
  for (const Reason& reason : verdict.reasons) {
    text += fmt::format("                - {}\n", reason.text);
  }
  return text;
}

// Of a run whose window never opened: the cause and what to do, since there are no figures.
std::string unopened_text(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  const Reason& reason = verdict.reasons.front();
  const std::string advice = result.unreachable.empty() ? "" : fmt::format("; {}", reason_entry(reason.code).advice);
  const auto kinds = [&] {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kErrorKinds; ++i) {
      count += result.connection_errors[static_cast<ErrorKind>(i)] > 0 ? 1 : 0;
    }
    return count;
  }();
  return (kinds > 1 ? errors_table(result) : "") + mismatch_lines(plan, result) +
         fmt::format("  verdict       {}: {}{}\n", status_name(verdict.status), reason.text, advice);
}

}  // namespace

std::string headline(const LoadPlan& plan) {
  std::string text = fmt::format("{}: {}, {}", os::printable(plan.target.text()), plan.protocol_name,
                                 os::plural(plan.request_bytes, "byte"));
  text +=
      plan.rate_per_s ? fmt::format(", open loop at {} ({})", rate_text(plan), arrival_text(plan)) : ", closed loop";
  text += fmt::format(", {}", os::plural(plan.connections, "connection"));
  if (plan.pipeline > 1) {
    text += fmt::format(", {} requests in flight on each", plan.pipeline);
  }
  if (plan.idle > 0) {
    text += fmt::format(" and {} idle", os::format_count(plan.idle));
  }
  if (plan.aborts_per_s) {
    text += fmt::format(", {} aborts per second", os::format_count(static_cast<std::uint64_t>(*plan.aborts_per_s)));
  }
  if (plan.think_time > Nanoseconds(0)) {
    text += fmt::format(", thinking {}", net::format_duration(plan.think_time));
  }
  if (plan.requests_per_connection > 0) {
    text += fmt::format(", {} each", os::plural(plan.requests_per_connection, "request"));
  }
  return text + (has_event_loops(plan.driver)
                     ? fmt::format(", {} ({})", os::plural(plan.threads, "event loop"), driver_name(plan.driver))
                     : std::string(", a blocking thread each"));
}

std::string result_text(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  std::string text = headline(plan) + "\n\n";
  if (!result.opened_at) {
    return os::wrapped(text + unopened_text(plan, result, verdict) + assertion_lines(plan, result, verdict, "  "),
                       kSummaryWidth, kSummaryIndent);
  }
  const double seconds = static_cast<double>(result.window.count()) / 1e9;
  text +=
      fmt::format("  throughput    {} over {:.2f} s; {} in, {} out\n", os::format_rate(result.requests_per_s()),
                  seconds, os::format_byte_rate(static_cast<double>(result.bytes_received) / std::max(seconds, 1e-9)),
                  os::format_byte_rate(static_cast<double>(result.bytes_sent) / std::max(seconds, 1e-9)));
  text += fmt::format("  requests      {} sent = {} completed + {} failed + {} unanswered\n",
                      os::format_count(result.sent), os::format_count(result.completed),
                      os::format_count(result.failed), os::format_count(result.unanswered));
  text += warmup_line(plan, result);
  text += statuses_line(result) + "\n";
  text += latency_table(plan, result) + "\n";
  if (plan.mix) {
    text += classes_table(plan, result) + "\n";
  }
  if (result.response.count() > 0) {
    text += distribution(result.response) + "\n";
  }
  text += errors_table(result);
  if (const std::string lines = mismatch_lines(plan, result); !lines.empty()) {
    text += lines + "\n";
  }
  text += connections_line(plan, result) + schedule_line(plan, result, verdict) + wait_line(plan, result) +
          generator_line(result) + machine_line(result) + calibration_line(plan) + verdict_lines(result, verdict) +
          assertion_lines(plan, result, verdict, "  ");
  return os::wrapped(text, kSummaryWidth, kSummaryIndent);
}

}  // namespace fanin::load
