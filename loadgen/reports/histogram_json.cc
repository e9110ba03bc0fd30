#include "loadgen/reports/histogram_json.h"

#include <string>
#include <utility>

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json histogram_json(const Histogram& histogram) {
  const bool any = histogram.count() > 0;
  Json percentiles = Json::object();
  Json infinite_from;
  for (const Percentile& percentile : kPercentiles) {
    const PercentileValue value = histogram.percentile(percentile.per_10000);
    percentiles[std::string(percentile.label)] =
        value.kind == PercentileValue::Kind::kFinite ? Json(value.value.count()) : Json();
    if (value.kind == PercentileValue::Kind::kInfinite && infinite_from.is_null()) {
      infinite_from = percentile.label;
    }
  }
  Json buckets = Json::array();
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back(Json::array({bucket.lowest, bucket.count}));
  }
  Json json{
      {"unit", "ns"}, {"significant_digits", 2}, {"count", histogram.count()}, {"unanswered", histogram.infinite()}};
  if (!infinite_from.is_null()) {
    json["unanswered_from"] = infinite_from;
  }
  json["min"] = any ? Json(histogram.min().count()) : Json();
  json["max"] = any ? Json(histogram.max().count()) : Json();
  json["mean"] = any ? Json(histogram.mean_ns()) : Json();
  json["percentiles"] = std::move(percentiles);
  json["buckets"] = std::move(buckets);
  return json;
}

}  // namespace fanin::load
