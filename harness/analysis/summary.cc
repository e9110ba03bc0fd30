#include "harness/analysis/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "os/format.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

const char* find_pointer(const std::string& metric) {
  static const std::vector<std::pair<std::string, const char*>> kPointers{
      {"throughput_per_s", "/load/throughput/requests_per_s"},
      {"response_p50_ns", "/load/latency/response/percentiles/p50"},
      {"response_p99_ns", "/load/latency/response/percentiles/p99"},
      {"response_p999_ns", "/load/latency/response/percentiles/p99.9"},
      {"connect_p50_ns", "/load/latency/connect/percentiles/p50"},
      {"server_cpu_per_request_ns", "/server/cpu_per_request_ns"},
      {"machine_cpu_per_request_ns", "/machine/cpu_per_request_ns"},
      {"generator_cpu_per_request_ns", "/load/generator/cpu_per_request_ns"},
      {"server_rss_bytes", "/server/rss_bytes"},
      {"server_pss_bytes", "/server/pss_bytes"},
      {"server_page_table_bytes", "/server/page_table_bytes"},
      {"server_kernel_stack_bytes", "/server/kernel_stack_bytes"},
      {"machine_slab_bytes", "/machine/slab_bytes"},
      {"server_threads", "/server/threads"},
      {"server_processes", "/server/processes"},
  };
  for (const auto& [name, pointer] : kPointers) {
    if (name == metric) {
      return pointer;
    }
  }
  return nullptr;
}

Json at_place(const Json& round, const char* place) {
  const Json::json_pointer pointer(place);
  return round.contains(pointer) ? round[pointer] : Json(nullptr);
}

Json switches_per_request(const Json& round) {
  const Json voluntary = at_place(round, "/server/voluntary_switches");
  const Json involuntary = at_place(round, "/server/involuntary_switches");
  if (voluntary.is_null() || involuntary.is_null()) {
    return nullptr;
  }
  return per_reply_in_window(voluntary.get<double>() + involuntary.get<double>(), at_place(round, "/load"));
}

// The parts are disjoint: the kernel accounts each page to one of them.
Json memory_total(const Json& round) {
  double sum = 0;
  for (const char* place :
       {"/server/pss_bytes", "/server/page_table_bytes", "/server/kernel_stack_bytes", "/machine/slab_bytes"}) {
    const Json part = at_place(round, place);
    if (!part.is_number()) {
      return nullptr;
    }
    sum += part.get<double>();
  }
  return sum;
}

std::string why_null(std::size_t have, std::size_t all) {
  if (all == 0) {
    return "no round is ok";
  }
  if (have == 0) {
    return "no round has this value: too few samples, or it could not be read";
  }
  return fmt::format("only {} of {} rounds have this value, and those that lack it may be the worst", have, all);
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> kMetrics{
      {"throughput_per_s", "1/s"},
      {"response_p50_ns", "ns"},
      {"response_p99_ns", "ns"},
      {"response_p999_ns", "ns"},
      {"connect_p50_ns", "ns"},
      {"server_cpu_per_request_ns", "ns"},
      {"machine_cpu_per_request_ns", "ns"},
      {"generator_cpu_per_request_ns", "ns"},
      {"server_rss_bytes", "bytes"},
      {"server_pss_bytes", "bytes"},
      {"server_page_table_bytes", "bytes"},
      {"server_kernel_stack_bytes", "bytes"},
      {"machine_slab_bytes", "bytes"},
      {"memory_total_bytes", "bytes"},
      {"server_threads", "1"},
      {"server_processes", "1"},
      {"server_switches_per_request", "1"},
  };
  return kMetrics;
}

Json per_reply_in_window(const Json& amount, const Json& load) {
  Json replies = at_place(load, "/throughput/completed_in_window");
  if (replies.is_null()) {  // of a version before this count
    replies = at_place(load, "/requests/completed");
  }
  const double count = replies.is_number() ? replies.get<double>() : 0.0;
  return amount.is_null() || count <= 0 ? Json(nullptr) : Json(amount.get<double>() / count);
}

Json metric_of(const Json& round, const std::string& metric) {
  if (metric == "server_switches_per_request") {
    return switches_per_request(round);
  }
  if (metric == "memory_total_bytes") {
    return memory_total(round);
  }
  const char* pointer = find_pointer(metric);
  return pointer == nullptr ? Json(nullptr) : at_place(round, pointer);
}

Json summarise_cell(const std::string& cell, const std::vector<const Json*>& rounds) {
  Json summaries = Json::array();
  for (const Metric& metric : metrics()) {
    std::size_t good = 0;
    std::vector<double> values;
    for (const Json* round : rounds) {
      if (round->at("status") == "ok") {
        ++good;
        if (const Json value = metric_of(*round, metric.name); value.is_number()) {
          values.push_back(value.get<double>());
        }
      }
    }
    Json summary{{"cell", cell},      {"metric", metric.name}, {"unit", metric.unit}, {"n", values.size()},
                 {"median", nullptr}, {"low", nullptr},        {"high", nullptr},     {"coverage", nullptr}};
    if (values.empty() || values.size() != good) {
      summary["reason"] = why_null(values.size(), good);
    } else {
      const Interval interval = median_interval(values, kConfidenceLevel);
      summary["median"] = median(values);
      summary["low"] = interval.low;
      summary["high"] = interval.high;
      summary["coverage"] = interval.coverage;
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

CellVerdict judge_cell(const std::vector<const Json*>& rounds, int repetitions) {
  std::size_t good = 0;
  std::string invalid;
  std::string failed;
  for (const Json* round : rounds) {
    const std::string status = round->at("status").get<std::string>();
    good += status == "ok" ? 1 : 0;
    std::string& reason = status == "invalid" ? invalid : failed;
    if (status != "ok" && reason.empty()) {
      reason = round->at("reason").get<std::string>();
    }
  }
  if (rounds.size() < static_cast<std::size_t>(repetitions)) {
    return {"pending", part_of(rounds.size(), static_cast<std::uint64_t>(repetitions), "round") +
                           (repetitions == 1 ? " is" : " are") + " done"};
  }
  if (2 * good > rounds.size()) {
    return {"measured", ""};
  }
  const std::string& reason = invalid.empty() ? failed : invalid;
  const std::string count = good > 0 ? fmt::format("only {} of {} rounds are ok: ", good, rounds.size()) : "";
  return {good == 0 && invalid.empty() ? "failed" : "invalid", count + reason};
}

std::string format_figure(const Json& value, std::string_view unit) {
  if (!value.is_number()) {
    return "-";
  }
  const double number = value.get<double>();
  return unit == "ns"      ? format_time(Nanoseconds(std::llround(number)))
         : unit == "bytes" ? format_bytes(number)
         : unit == "1/s"   ? format_short_rate(number)
                           : format_digits(number);
}

}  // namespace fanin::harness
