#include "harness/analysis/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "harness/suite/schema.h"
#include "os/format.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

// `explained`: what a round without the value says about it; may be empty.
std::string why_null(std::size_t have, std::size_t all, const std::string& explained) {
  if (all == 0) {
    return "no round is ok";
  }
  if (have == 0 && !explained.empty()) {
    return "no round has this value: " + explained;
  }
  if (have == 0) {
    return "no round has this value: too few samples, or it could not be read";
  }
  return fmt::format("only {} of {} rounds have this value, and those that lack it may be the worst", have, all);
}

}  // namespace

Json summarise_cell(const std::string& cell, const std::vector<const Json*>& rounds) {
  Json summaries = Json::array();
  for (const Metric& metric : metrics()) {
    std::size_t good = 0;
    std::vector<double> values;
    std::string explained;
    for (const Json* round : rounds) {
      if (round->at("status") == "ok") {
        ++good;
        if (const Json value = metric_of(*round, metric.name); value.is_number()) {
          values.push_back(value.get<double>());
        } else {
          explained = explain_null(*round, metric);
        }
      }
    }
    Json summary{{"cell", cell},      {"metric", metric.name}, {"unit", metric.unit}, {"n", values.size()},
                 {"median", nullptr}, {"low", nullptr},        {"high", nullptr},     {"coverage", nullptr}};
    if (values.empty() || values.size() != good) {
      summary["reason"] = why_null(values.size(), good, explained);
    } else {
      const statistics::Interval interval = statistics::median_interval(values, statistics::kConfidenceLevel);
      summary["median"] = statistics::median(values);
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
    return {"pending", os::part_of(rounds.size(), static_cast<std::uint64_t>(repetitions), "round") +
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
  return unit == "ns"      ? os::format_time(net::Nanoseconds(std::llround(number)))
         : unit == "bytes" ? os::format_bytes(number)
         : unit == "1/s"   ? os::format_short_rate(number)
                           : os::format_digits(number);
}

}  // namespace fanin::harness
