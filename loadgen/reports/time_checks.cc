#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loadgen/records/clock.h"
#include "loadgen/reports/verdict.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr double kLittleTolerance = 0.05;
constexpr int kRounds = 20;              // replies to each request in flight, for one more or less to be 5 %
constexpr double kDown = 0.01;           // of connections' time, or of requests: Little's law misses no more than that
constexpr double kLostInvalid = 0.05;    // of the connections' time, down or waiting for replies that never came
constexpr double kLostWarning = 0.001;   // what reconnecting now and then takes is less
constexpr double kSilentWarning = 0.05;  // of the window
constexpr int kUsualLatencies = 3;       // and kSilence: so long may no reply come
constexpr Nanoseconds kSilence = std::chrono::milliseconds(100);

// The latency that all but the slowest replies keep to: the 99th percentile, without the requests of one stall, which
// are as many as can be in flight. For a mix at least the median of its slowest class.
std::optional<Nanoseconds> usual_latency(const LoadPlan& plan, const LoadResult& result) {
  const std::uint64_t in_flight = std::uint64_t{plan.connections} * plan.pipeline;
  if (result.response.count() <= in_flight) {
    return std::nullopt;
  }
  const std::uint64_t rank =
      std::min(result.response.count() - in_flight, result.response.count() - result.response.count() / 100);
  std::uint64_t usual = 0;
  std::uint64_t seen = 0;
  for (const Histogram::Bucket& bucket : result.response.buckets()) {
    usual = seen < rank ? Histogram::highest_value(Histogram::index_for(bucket.lowest)) : usual;
    seen += bucket.count;
  }
  Nanoseconds latency(usual);
  for (const ClassRecord& each : result.classes) {
    const PercentileValue median = each.response.percentile(5000);
    latency = median.kind == PercentileValue::Kind::kFinite ? std::max(latency, median.value) : latency;
  }
  return latency;
}

// Of the time of all places for a request in flight.
double unanswered_time_share(const LoadPlan& plan, const LoadResult& result) {
  return result.share_of_connections(result.unanswered_time, plan).value_or(0) / plan.pipeline;
}

// Why Little's law does not hold here; empty: it does. It goes by what happened, not by the options.
std::string why_no_littles_law(const LoadPlan& plan, const LoadResult& result) {
  const double down = result.share_of_connections(result.downtime.down, plan).value_or(0);
  const double mean_ns = result.response.mean_ns();
  const auto window_ns = static_cast<double>(result.window.count());
  if (plan.rate_per_s || plan.think_time > Nanoseconds(0) || plan.slices || plan.connect_on_demand) {
    return "requests are not in flight all the time";
  }
  if (plan.requests) {
    return "a number of requests ends the window";
  }
  if (result.completed == 0) {
    return "no request was completed";
  }
  if (down > kDown) {
    return fmt::format("connections were down for {:.3g} % of their time", down * 100);
  }
  // The response time is that of completed requests alone.
  const double bad = static_cast<double>(result.failed + result.unanswered) / static_cast<double>(result.sent);
  if (bad > kDown) {
    return fmt::format("{:.3g} % of the requests failed or were not answered", bad * 100);
  }
  if (const double waited = unanswered_time_share(plan, result); waited > kDown) {
    return fmt::format("connections waited for replies that never came for {:.3g} % of their time", waited * 100);
  }
  if (plan.pipeline > 1 && result.connections.reconnects > 0) {
    return "connections were reopened with requests in the pipeline";
  }
  if (result.served < result.connections.established) {
    return "some connections were never served";
  }
  if (mean_ns * kRounds > window_ns) {
    return fmt::format("fewer than {} replies to each request in flight fit into the window", kRounds);
  }
  return "";
}

// Connections send when a slice begins, which does not count, and after each reply.
void check_slices(const SlicePlan& plan, const LoadResult& result, Reasons& reasons) {
  constexpr int kReplies = 2;  // to each connection, at least, in the part of a slice that counts
  constexpr int kEnough = 10;
  const Nanoseconds counted = plan.length - 2 * plan.cut;
  const Nanoseconds mean(std::llround(result.response.mean_ns()));
  if (sum_completed(result.slices) > 0 && kReplies * mean <= counted) {
    return;
  }
  reasons.warn(
      ReasonCode::kLongReplies,
      mean > Nanoseconds(0)
          ? fmt::format("replies take too long for slices of {}: {} on average; give --interleave {:.0f}ms or more",
                        net::format_duration(plan.length), os::format_time(mean),
                        std::ceil(kEnough * net::to_seconds(mean) * 1e3))
          : fmt::format("replies take longer than a slice of {}: lengthen --interleave",
                        net::format_duration(plan.length)));
}

}  // namespace

// A closed loop only: an open loop shows slow replies by itself.
void check_length(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  if (!plan.rate_per_s && plan.slices && !result.slices.empty()) {
    check_slices(*plan.slices, result, reasons);
  }
  if (!plan.rate_per_s && result.completed > 0 &&
      result.response.mean_ns() > static_cast<double>(result.window.count())) {
    reasons.warn(ReasonCode::kLongReplies,
                 fmt::format("replies take longer than the window: {} on average, and it lasted {}",
                             os::format_time(Nanoseconds(std::llround(result.response.mean_ns()))),
                             os::format_time(result.window)));
  }
}

// Time in which connections were lost. A lost connection of a closed loop sends nothing, so no request is missing.
void check_downtime(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const Downtime& downtime = result.downtime;
  const double lost = result.share_of_connections(downtime.lost, plan).value_or(0);
  const std::string unreachable =
      downtime.unreachable > Nanoseconds(0)
          ? fmt::format(": unreachable for {:.2f} of {:.2f} s", net::to_seconds(downtime.unreachable),
                        net::to_seconds(result.window))
          : "";
  if (downtime.at_end) {
    reasons.invalidate(ReasonCode::kDowntime, "no connection was up at the end of the window" + unreachable);
  } else if (lost > kLostWarning) {
    const auto text = fmt::format("connections were lost for {:.3g} % of their time{}", lost * 100, unreachable);
    lost > kLostInvalid ? reasons.invalidate(ReasonCode::kDowntime, text) : reasons.warn(ReasonCode::kDowntime, text);
  }
}

// A connection of a closed loop that waits for a reply sends nothing, so one unanswered request stands for all that it
// would have sent meanwhile. An open loop sends them, and they rank above every latency.
void check_unanswered_time(const LoadPlan& plan, const LoadResult& result, Reasons& reasons) {
  const double share = unanswered_time_share(plan, result);
  if (!plan.rate_per_s && !result.interrupted && share > kLostInvalid) {
    reasons.invalidate(
        ReasonCode::kUnansweredTime,
        fmt::format("connections waited for replies that never came for {:.3g} % of their time", share * 100));
  }
}

// A closed loop sends nothing while the server stands still, so its percentiles hardly show it.
void check_silence(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  const auto usual = usual_latency(plan, result);
  if (!usual) {
    return;
  }
  Silence& silence = verdict.silence.emplace(Silence{.threshold = kSilence + kUsualLatencies * *usual});
  for (const Nanoseconds length : result.silences) {
    if (length >= silence.threshold) {
      ++silence.count;
      silence.total += length;
      silence.longest = std::max(silence.longest, length);
    }
  }
  if (plan.rate_per_s) {
    return;
  }
  if (!result.interrupted && result.silence_at_end >= silence.threshold) {
    reasons.invalidate(ReasonCode::kSilence,
                       fmt::format("no reply came in the last {:.2f} s of the {:.2f} s window, nor later",
                                   net::to_seconds(result.silence_at_end), net::to_seconds(result.window)));
  } else if (net::to_seconds(silence.total) > kSilentWarning * net::to_seconds(result.window)) {
    reasons.warn(ReasonCode::kSilence,
                 fmt::format("no reply for {:.2f} s of the {:.2f} s window: the server or the machine stood still",
                             net::to_seconds(silence.total), net::to_seconds(result.window)));
  }
}

// Little's law: throughput times response time is the number of requests in flight, if the next request follows each
// reply at once. A response time that misses something shows as a ratio below 1.
void check_littles_law(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons) {
  verdict.littles_law_reason = why_no_littles_law(plan, result);
  if (!verdict.littles_law_reason.empty()) {
    return;
  }
  const double in_flight = static_cast<double>(result.connections.established) * plan.pipeline;
  const double ratio = result.requests_per_s() * result.response.mean_ns() / 1e9 / in_flight;
  verdict.littles_law_ratio = ratio;
  if (std::abs(ratio - 1) > kLittleTolerance) {
    reasons.warn(
        ReasonCode::kLittlesLaw,
        fmt::format("Little's law is off by {:.0f} %: throughput times response time is {:.2f} of the requests "
                    "in flight",
                    (ratio - 1) * 100, ratio));
  }
}

}  // namespace fanin::load
