#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>

#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "os/build_info.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json or_null(const std::optional<Nanoseconds>& value) { return value ? Json(value->count()) : Json(); }

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string_view warmup_end_name(WarmupEnd end) {
  switch (end) {
    case WarmupEnd::kSteady:
      return "steady";
    case WarmupEnd::kServed:
      return "served";
    case WarmupEnd::kStarved:
      return "starved";
    case WarmupEnd::kLimit:
      return "limit";
    case WarmupEnd::kTime:
      break;
  }
  return "time";
}

Json target_json(const net::Address& target) {
  if (target.is_unix()) {
    return {{"path", target.path()}};
  }
  return {{"host", target.host()}, {"port", target.port()}};
}

Json classes_json(const LoadPlan& plan, const LoadResult& result) {
  if (!plan.mix) {
    return nullptr;
  }
  Json json = Json::array();
  for (std::size_t i = 0; i < plan.classes.size(); ++i) {
    const RequestClass& each = plan.classes[i];
    const ClassRecord record = i < result.classes.size() ? result.classes[i] : ClassRecord();
    json.push_back({{"name", each.name},
                    {"weight", each.weight},
                    {"connections", or_null(each.connections)},
                    {"payload_bytes", each.request_bytes},
                    {"sent", record.sent},
                    {"completed", record.completed},
                    {"failed", record.failed},
                    {"unanswered", record.unanswered},
                    {"response", histogram_json(record.response)}});
  }
  return json;
}

Json connections_json(const LoadPlan& plan, const LoadResult& result) {
  return {{"requested", plan.connections},
          {"established", result.connections.established},
          {"served", result.served},
          {"served_in_warmup", or_null(result.served_in_warmup(plan))},
          {"failed", result.connections.failed},
          {"reconnects", result.connections.reconnects},
          {"lost_ns", result.downtime.lost.count()},
          {"lost_share", or_null(result.share_of_connections(result.downtime.lost, plan))},
          {"unreachable_ns", result.downtime.unreachable.count()},
          {"unreachable_at_end", result.downtime.at_end},
          {"idle_requested", plan.idle},
          {"idle_established", result.connections.idle_established},
          {"idle_served", plan.verify_idle ? Json(result.connections.idle_served) : Json()},
          {"idle_lost", result.connections.idle_lost},
          {"setup_ns", result.setup.count()},
          {"closing_ns", result.closing.count()},
          {"listen_overflows", or_null(result.listen_overflows)},
          {"replies_min", result.replies_min},
          {"replies_median", result.replies_median},
          {"replies_max", result.replies_max}};
}

Json aborts_json(const LoadPlan& plan, const LoadResult& result) {
  if (!plan.aborts_per_s) {
    return nullptr;
  }
  return {{"asked_rate_per_s", *plan.aborts_per_s},
          {"made", result.connections.aborts_made},
          {"failed", result.connections.aborts_failed}};
}

Json errors_json(const LoadResult& result) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    if (const std::uint64_t count = result.request_errors[kind] + result.connection_errors[kind]; count > 0) {
      json[std::string(error_name(kind))] = count;
    }
  }
  return json;
}

Json http_json(const LoadPlan& plan, const LoadResult& result) {
  if (!plan.has_statuses) {
    return nullptr;
  }
  Json statuses = Json::object();
  for (const auto& [status, count] : result.statuses) {
    statuses[std::to_string(status)] = count;
  }
  return {{"statuses", std::move(statuses)}};
}

Json per_second(double amount, Nanoseconds window) {
  return window > Nanoseconds(0) ? Json(amount * 1e9 / static_cast<double>(window.count())) : Json();
}

Json series_json(const LoadResult& result) {
  Json json = Json::array();
  for (std::size_t i = 0; i < result.series.size(); ++i) {
    const SeriesPoint& point = result.series[i];
    json.push_back({{"second", i},
                    {"completed", point.completed},
                    {"failed", point.failed},
                    {"p50_ns", or_null(point.p50)},
                    {"p99_ns", or_null(point.p99)},
                    {"max_ns", or_null(point.max)}});
  }
  return json;
}

Json schedule_json(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  if (!plan.rate_per_s) {
    return nullptr;
  }
  const bool spins = plan.idle_strategy.kind == IdleStrategy::kSpin;
  return {{"asked_rate_per_s", *plan.rate_per_s},
          {"achieved_rate_per_s", or_null(verdict.achieved_rate_per_s)},
          {"tolerance_ns", lateness_tolerance(plan).count()},
          {"within_tolerance_share", or_null(verdict.within_tolerance_share)},
          {"late_by_preemption_share", spins ? or_null(result.late_by_preemptions_share()) : Json()},
          {"queued", result.queued()},
          {"queueing", histogram_json(result.queueing)},
          {"gaps", histogram_json(result.gaps)},
          {"lateness", histogram_json(result.lateness)}};
}

Json timestamps_json(const LoadPlan& plan, const LoadResult& result) {
  if (!result.stamps) {
    return nullptr;
  }
  return {{"unstamped", result.stamps->unstamped},
          {"read_lag", histogram_json(result.stamps->read_lag)},
          {"service", plan.pipeline == 1 ? histogram_json(result.stamps->service) : Json()}};
}

Json silence_json(const Verdict& verdict) {
  if (!verdict.silence) {
    return nullptr;
  }
  return {{"from_ns", verdict.silence->threshold.count()},
          {"count", verdict.silence->count},
          {"total_ns", verdict.silence->total.count()},
          {"longest_ns", verdict.silence->longest.count()}};
}

// Only a thread that spins sees them.
Json preemptions_json(const LoadPlan& plan, const LoadResult& result) {
  if (plan.idle_strategy.kind != IdleStrategy::kSpin) {
    return nullptr;
  }
  return {{"from_ns", BusyPollMeter::kMinPreemption.count()},
          {"count", result.preemptions.count},
          {"total_ns", result.preemptions.total.count()},
          {"longest_ns", result.preemptions.longest.count()}};
}

Json machine_json(const LoadPlan& plan, const LoadResult& result) {
  const std::string busy = os::why_busy(result.machine_before);
  return {{"cpus", result.machine_before.cpus},
          {"load_average", or_null(result.machine_before.load_average)},
          {"cpu_pressure_before", or_null(result.machine_before.pressure_avg10)},
          {"busy", busy.empty() ? Json() : Json(busy)},
          {"cpu_pressure_share", or_null(result.machine.pressure)},
          {"steal_share", or_null(result.machine.steal)},
          {"other_cpus", or_null(find_contention(plan, result).other_cpus)}};
}

Json server_json(const LoadPlan& plan, const LoadResult& result) {
  const ServerProcesses& server = plan.server;
  const auto& usage = result.server;
  return {{"pids", server.roots},
          {"found_by", server.roots.empty() ? Json() : Json(server.given ? "--server-pid" : "listening socket")},
          {"reason", server.reason.empty() ? Json() : Json(server.reason)},
          {"cpu_ns", usage ? Json(usage->cpu.count()) : Json()},
          {"cpus", usage ? Json(usage->cpus) : Json()},
          {"threads", usage ? Json(usage->threads) : Json()},
          {"run_queue_wait_ns", usage ? or_null(usage->run_queue_wait) : Json()}};
}

Json generator_json(const LoadPlan& plan, const LoadResult& result) {
  const ProcessUsage& usage = result.generator;
  return {{"cpu_user_ns", usage.cpu_user.count()},
          {"cpu_system_ns", usage.cpu_system.count()},
          {"cpu_per_request_ns", or_null(result.generator_ns_per_request())},
          {"busiest_thread_utilisation", or_null(result.busiest_thread_utilisation)},
          {"run_queue_wait_ns", or_null(result.run_queue_wait)},
          {"driver_reason", plan.driver_reason},
          {"idle_strategy", idle_strategy_name(plan.idle_strategy.kind)},
          {"idle_strategy_reason", plan.idle_strategy.reason},
          {"spun_ns", result.spun.count()},
          {"preemptions", preemptions_json(plan, result)},
          {"voluntary_switches", usage.voluntary_switches},
          {"involuntary_switches", usage.involuntary_switches},
          {"max_rss_bytes", usage.max_rss_bytes}};
}

Json reasons_json(const Verdict& verdict) {
  Json json = Json::array();
  for (const Reason& reason : verdict.reasons) {
    json.push_back({{"code", reason.name()}, {"text", reason.text}});
  }
  return json;
}

}  // namespace

std::string timestamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), ms);
}

Json build_json() {
  const os::BuildInfo& build = os::build_info();
  const bool has_commit = !build.git_commit.empty();
  const std::string warning = os::build_warning();
  return {{"type", build.build_type},
          {"compiler", build.compiler},
          {"commit", has_commit ? Json(build.git_commit) : Json()},
          {"dirty", has_commit ? Json(build.git_dirty) : Json()},
          {"warning", warning.empty() ? Json() : Json(warning)}};
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json result_json(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  const bool opened = result.opened_at.has_value();
  return {{"schema", "fanin-load"},
          {"schema_version", 2},
          {"version", FANIN_VERSION},
          {"build", build_json()},
          {"started_at", timestamp(result.started_at)},
          {"target", target_json(plan.target)},
          {"workload", workload_json(plan)},
          {"window",
           {{"opened_at", opened ? Json(timestamp(*result.opened_at)) : Json()},
            {"warmup_ns", opened ? Json(result.warmup.count()) : Json()},
            {"warmup_end", opened ? Json(warmup_end_name(result.warmup_end)) : Json()},
            {"warmup_requests", result.warmup_requests},
            {"duration_ns", opened ? Json(result.window.count()) : Json()},
            {"active_ns", opened ? Json(result.active.count()) : Json()}}},
          {"connections", connections_json(plan, result)},
          {"aborts", aborts_json(plan, result)},
          {"requests",
           {{"sent", result.sent},
            {"completed", result.completed},
            {"failed", result.failed},
            {"unanswered", result.unanswered}}},
          {"errors", errors_json(result)},
          {"first_mismatch", mismatch_json(plan, result)},
          {"http", http_json(plan, result)},
          {"throughput",
           {{"completed_in_window", result.completed_in_window},
            {"completed_in_run", result.completed_in_run()},
            {"requests_per_s", result.window > Nanoseconds(0) ? Json(result.requests_per_s()) : Json()},
            {"received_bytes_per_s", per_second(static_cast<double>(result.bytes_received), result.active)},
            {"sent_bytes_per_s", per_second(static_cast<double>(result.bytes_sent), result.active)}}},
          {"latency",
           {{"response", histogram_json(result.response)},
            {"service", histogram_json(result.service)},
            {"connect", histogram_json(result.connect)}}},
          {"classes", classes_json(plan, result)},
          {"schedule", schedule_json(plan, result, verdict)},
          {"timestamps", timestamps_json(plan, result)},
          {"series", series_json(result)},
          {"generator", generator_json(plan, result)},
          {"server", server_json(plan, result)},
          {"machine", machine_json(plan, result)},
          {"checks",
           {{"littles_law_ratio", or_null(verdict.littles_law_ratio)},
            {"littles_law_reason", text_or_null(verdict.littles_law_reason)},
            {"silence", silence_json(verdict)},
            {"ceiling_per_s", or_null(plan.ceiling_per_s)},
            {"ceiling_reason", plan.ceiling_reason.empty() ? Json() : Json(plan.ceiling_reason)},
            {"ceiling_share", or_null(verdict.ceiling_share)}}},
          {"bottleneck", {{"verdict", bottleneck_name(verdict.bottleneck)}, {"reason", verdict.bottleneck_reason}}},
          {"verdict", {{"status", status_name(verdict.status)}, {"reasons", reasons_json(verdict)}}},
          {"assertions", assertions_json(plan, result, verdict)}};
}

}  // namespace fanin::load
