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

Metric parse_metric(const Json& row) {
  Metric metric;
  metric.name = row.at("name");
  metric.unit = row.at("unit");
  metric.meaning = row.at("meaning");
  metric.higher_is_better = row.at("better") == "higher";
  metric.has_slope = row.contains("slope");
  metric.per_reply = row.contains("per_reply");
  for (const Json& place : row.at("places")) {
    metric.places.emplace_back(place.get<std::string>());
  }
  return metric;
}

Json at_place(const Json& round, const Json::json_pointer& place) {
  return round.contains(place) ? round[place] : Json(nullptr);
}

Json at_place(const Json& round, const char* place) { return at_place(round, Json::json_pointer(place)); }

// Null where a place has no number.
Json sum_of_places(const Json& round, const Metric& metric) {
  double sum = 0;
  for (const Json::json_pointer& place : metric.places) {
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
  static const std::vector<Metric> kMetrics = [] {
    std::vector<Metric> rows;
    const Json table = Json::parse(schema_text("metrics"));
    for (const Json& row : table.at("metrics")) {
      rows.push_back(parse_metric(row));
    }
    return rows;
  }();
  return kMetrics;
}

const Metric& find_metric(std::string_view name) {
  const auto found =
      std::find_if(metrics().begin(), metrics().end(), [name](const Metric& each) { return each.name == name; });
  if (found == metrics().end()) {
    throw std::out_of_range(fmt::format("{} is no metric of results/schema/metrics.json", name));
  }
  return *found;
}

Json per_reply_in_window(const Json& amount, const Json& load) {
  Json replies = at_place(load, "/throughput/completed_in_window");
  if (replies.is_null()) {  // of a version before this count
    replies = at_place(load, "/requests/completed");
  }
  const double count = replies.is_number() ? replies.get<double>() : 0.0;
  return amount.is_null() || count <= 0 ? Json(nullptr) : Json(amount.get<double>() / count);
}

Json metric_of(const Json& round, const std::string& name) {
  const Metric& metric = find_metric(name);
  const Json value = sum_of_places(round, metric);
  return metric.per_reply ? per_reply_in_window(value, at_place(round, "/load")) : value;
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
