#include <string>
#include <utility>

#include "loadgen/plan/driver_kind.h"
#include "loadgen/reports/report.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json histogram_json(const Histogram& histogram) {
  const bool any = histogram.count() > 0;
  Json percentiles = Json::object();
  Json uncompleted_from;
  for (const Percentile& percentile : kPercentiles) {
    const PercentileValue value = histogram.percentile(percentile.per_10000);
    percentiles[std::string(percentile.label)] =
        value.kind == PercentileValue::Kind::kFinite ? Json(value.value.count()) : Json();
    if (value.kind == PercentileValue::Kind::kUncompleted && uncompleted_from.is_null()) {
      uncompleted_from = percentile.label;
    }
  }
  Json buckets = Json::array();
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back(Json::array({bucket.lowest, bucket.count}));
  }
  Json json{{"unit", "ns"},
            {"significant_digits", 2},
            {"count", histogram.count()},
            {"uncompleted", histogram.uncompleted()}};
  if (!uncompleted_from.is_null()) {
    json["uncompleted_from"] = uncompleted_from;
  }
  json["min"] = any ? Json(histogram.min().count()) : Json();
  json["max"] = any ? Json(histogram.max().count()) : Json();
  json["mean"] = any ? Json(histogram.mean_ns()) : Json();
  json["percentiles"] = std::move(percentiles);
  json["buckets"] = std::move(buckets);
  return json;
}

Json workload_json(const LoadPlan& plan) {
  Json json{{"protocol", plan.protocol_name},
            {"loop", plan.rate_per_s ? "open" : "closed"},
            {"driver", driver_name(plan.driver)},
            {"threads", plan.threads},
            {"connections", plan.connections},
            {"idle_connections", plan.idle},
            {"idle_threads", plan.idle_threads},
            {"connect_concurrency", plan.connecting},
            {"payload_bytes", plan.request_bytes},
            {"pipeline", plan.pipeline},
            {"think_time_ns", plan.think_time.count()},
            {"rate_per_s", plan.rate_per_s ? Json(*plan.rate_per_s) : Json()},
            {"arrival", plan.rate_per_s ? Json(arrival_name(plan.arrival)) : Json()},
            {"requests_per_connection", plan.connect_on_demand ? 1 : plan.requests_per_connection},
            {"duration_ns", plan.requests ? Json() : Json(plan.duration.count())},
            {"requests", plan.requests ? Json(*plan.requests) : Json()},
            {"warmup_ns", plan.warmup.count()},
            {"timeout_ns", plan.timeout.count()},
            {"close", close_name(plan.close)},
            {"seed", plan.seed}};
  for (const auto& [key, text] : plan.protocol_texts) {
    json[key] = text;
  }
  for (const auto& [key, count] : plan.given_counts) {
    json[key] = count;
  }
  if (plan.warmup_until_steady) {
    json["warmup_until_steady"] = true;
  }
  if (plan.aborts_per_s) {
    json["aborts_per_s"] = *plan.aborts_per_s;
  }
  if (plan.arrival == ArrivalKind::kBursts) {
    json["burst_size"] = plan.burst_size;
  }
  if (plan.ramp) {
    json["ramp"] = {{"from_per_s", plan.ramp->from_per_s}, {"to_per_s", plan.ramp->to_per_s}};
  }
  if (plan.trace) {
    json["trace"] = {
        {"file", plan.trace->file()}, {"times", plan.trace->size()}, {"rate_per_s", plan.trace->rate_per_s()}};
  }
  if (plan.mix) {
    json["mix_by_connection"] = plan.mix->unit() == protocols::RequestMix::Unit::kConnection;
  }
  for (const RequestClass& each : plan.classes) {
    json["mix"].push_back(each.text);
  }
  return json;
}

}  // namespace fanin::load
