#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "loadgen/reports/report.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr std::size_t kHistogramWidth = 50;

std::string latency_row(std::string_view name, const Histogram& histogram) {
  std::string row = fmt::format("  {:<12}", name);
  for (const Percentile& percentile : kPercentiles) {
    row += fmt::format("{:>10}", percentile_text(histogram, percentile.per_10000));
  }
  const bool any = histogram.count() > 0;
  return row + fmt::format("{:>10}{:>10}\n", any ? os::format_time(histogram.max()) : "-",
                           any ? os::format_time(Nanoseconds(std::llround(histogram.mean_ns()))) : "-");
}

// Explains the percentiles of a row that are no numbers.
std::string percentile_notes(const Histogram& histogram) {
  const auto any = [&histogram](PercentileValue::Kind kind) {
    return std::any_of(kPercentiles.begin(), kPercentiles.end(),
                       [&](const Percentile& each) { return histogram.percentile(each.per_10000).kind == kind; });
  };
  return std::string(any(PercentileValue::Kind::kUncompleted)
                         ? "  never: the percentile is among the requests that failed or were not answered\n"
                         : "") +
         (any(PercentileValue::Kind::kTooFew) ? "  -: too few requests for the percentile; p99 needs 1,000\n" : "");
}

}  // namespace

std::string percentile_text(const Histogram& histogram, unsigned per_10000) {
  const PercentileValue value = histogram.percentile(per_10000);
  switch (value.kind) {
    case PercentileValue::Kind::kFinite:
      return os::format_time(value.value);
    case PercentileValue::Kind::kUncompleted:
      return "never";
    case PercentileValue::Kind::kTooFew:
      break;
  }
  return "-";
}

std::string latency_table(const LoadPlan& plan, const LoadResult& result) {
  std::string text = "  latency     ";
  for (const Percentile& percentile : kPercentiles) {
    text += fmt::format("{:>10}", percentile.label);
  }
  text += fmt::format("{:>10}{:>10}\n", "max", "mean");
  if (result.response.count() == 0) {
    return text + "  response    not measured: no request was completed\n" + latency_row("connect", result.connect);
  }
  text += latency_row("response", result.response);
  if (plan.rate_per_s || plan.connect_on_demand) {
    text += latency_row("service", result.service);
  }
  if (result.stamps) {
    text += latency_row("kernel", result.stamps->service);
    text += latency_row("read lag", result.stamps->read_lag);
  }
  text += latency_row("connect", result.connect);
  text += plan.rate_per_s
              ? "  response counts from when a request was due, service from when it was sent\n"
              : "  closed loop: a silent server gets no requests, so stalls hardly show; --rate shows them\n";
  text += percentile_notes(result.response);
  text += result.stamps ? "  kernel counts from its stamp of the send to that of the reply, read lag from there until "
                          "it was seen here\n"
                        : "";
  return text;
}

std::string classes_table(const LoadPlan& plan, const LoadResult& result) {
  constexpr int kName = 18;
  std::string text = fmt::format("  {:<{}}{:>12}{:>9}{:>12}{:>10}{:>10}{:>10}{:>10}\n", "response of", kName, "sent",
                                 "failed", "unanswered", "p50", "p99", "p99.9", "max");
  for (std::size_t i = 0; i < result.classes.size(); ++i) {
    const ClassRecord& record = result.classes[i];
    const Histogram& response = record.response;
    text += fmt::format("  {:<{}.{}}{:>12}{:>9}{:>12}{:>10}{:>10}{:>10}{:>10}\n", os::printable(plan.classes[i].name),
                        kName, kName, os::format_count(record.sent), os::format_count(record.failed),
                        os::format_count(record.unanswered), percentile_text(response, 5000),
                        percentile_text(response, 9900), percentile_text(response, 9990),
                        response.count() > 0 ? os::format_time(response.max()) : "-");
  }
  return text;
}

std::string distribution(const Histogram& histogram) {
  std::vector<std::uint64_t> octaves(64);
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    octaves[static_cast<std::size_t>(std::bit_width(bucket.lowest))] += bucket.count;
  }
  const std::uint64_t least = std::max<std::uint64_t>(1, histogram.count() / 1000);
  const auto shown = [least](std::uint64_t count) { return count >= least; };
  const auto first = std::find_if(octaves.begin(), octaves.end(), shown);
  const auto last = std::find_if(octaves.rbegin(), octaves.rend(), shown).base();
  const std::uint64_t most = *std::max_element(octaves.begin(), octaves.end());
  std::string text;
  for (auto octave = first; octave < last; ++octave) {
    const auto from = std::uint64_t{1} << (octave - octaves.begin()) >> 1;
    const double share = static_cast<double>(*octave) / static_cast<double>(histogram.count());
    text += fmt::format("  {:>8} - {:>8} {:6.2f} %  {}\n", os::format_time(Nanoseconds(from)),
                        os::format_time(Nanoseconds(2 * from)), share * 100,
                        std::string((*octave * kHistogramWidth + most / 2) / most, '#'));
  }
  return text;
}

}  // namespace fanin::load
