#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "loadgen/experiments/experiment.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr std::string_view kSweepSyntax = "give KEY=V1,V2,... such as connections=10,100,1000, or rate=auto";

struct SweepKey {
  std::string_view name;
  std::string_view unit;
  double (*set)(LoadOptions& options, std::string_view text);  // returns the value as a number in the unit
};

std::int64_t whole_number(std::string_view text) {
  const auto count = os::parse_count(text);
  if (!count) {
    refuse(fmt::format("--sweep: '{}' is no whole number: {}", text, kSweepSyntax));
  }
  return *count;
}

template <auto kMember>
double set_whole(LoadOptions& options, std::string_view text) {
  const std::int64_t number = whole_number(text);
  options.*kMember = number;
  return static_cast<double>(number);
}

double set_rate(LoadOptions& options, std::string_view text) {
  options.rate_per_s = os::parse_number(text);
  if (!options.rate_per_s) {
    refuse(fmt::format("--sweep: '{}' is no number: {}", text, kSweepSyntax));
  }
  return *options.rate_per_s;
}

double set_payload_bytes(LoadOptions& options, std::string_view text) {
  const std::int64_t bytes = whole_number(text);
  options.protocol_options.emplace_back("payload-bytes", std::to_string(bytes));  // the last one counts
  return static_cast<double>(bytes);
}

double set_think_time(LoadOptions& options, std::string_view text) {
  const Nanoseconds think_time = os::parse_duration_of("--sweep", text);
  options.think_time = think_time;
  return static_cast<double>(think_time.count());
}

constexpr std::array<SweepKey, 7> kSweepKeys{{
    {"rate", "1/s", set_rate},
    {"connections", "1", set_whole<&LoadOptions::connections>},
    {"payload-bytes", "bytes", set_payload_bytes},
    {"pipeline", "1", set_whole<&LoadOptions::pipeline>},
    {"requests-per-connection", "1", set_whole<&LoadOptions::requests_per_connection>},
    {"idle-connections", "1", set_whole<&LoadOptions::idle>},
    {"think-time", "ns", set_think_time},
}};

const SweepKey& find_sweep_key(std::string_view name) {
  const auto found =
      std::find_if(kSweepKeys.begin(), kSweepKeys.end(), [&](const SweepKey& key) { return key.name == name; });
  if (found == kSweepKeys.end()) {
    std::string names;
    for (const SweepKey& key : kSweepKeys) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", key.name);
    }
    refuse(fmt::format("--sweep cannot vary '{}': choose one of {}", name, names));
  }
  return *found;
}

SweepPoint make_point(const SweepKey& key, std::string_view text, const LoadOptions& options) {
  SweepPoint point{.text = std::string(text), .options = options};
  point.value = key.set(point.options, text);
  make_plan(point.options);
  return point;
}

// Three significant digits: readable and close enough.
double three_digits(double rate_per_s) {
  const double unit = std::pow(10, std::floor(std::log10(rate_per_s)) - 2);
  return std::round(rate_per_s / unit) * unit;
}

}  // namespace

Sweep parse_sweep(const LoadOptions& options) {
  const std::string& text = *options.sweep;
  const auto equals = text.find('=');
  if (equals == std::string::npos) {
    refuse(fmt::format("--sweep {} has no '=': {}", text, kSweepSyntax));
  }
  const SweepKey& key = find_sweep_key(std::string_view(text).substr(0, equals));
  Sweep sweep{.key = std::string(key.name), .unit = std::string(key.unit)};
  if (key.name == "rate" && options.rate_per_s) {
    refuse("--rate and --sweep rate contradict each other: give one");
  }
  std::string_view values = std::string_view(text).substr(equals + 1);
  if (key.name == "rate" && values == "auto") {
    sweep.automatic_rates = true;
    make_plan(closed_loop(options));
    make_point(key, "1", options);  // what the closed loop takes, a schedule may not
    return sweep;
  }
  for (bool more = true; more;) {
    const auto comma = values.find(',');
    sweep.points.push_back(make_point(key, values.substr(0, comma), options));
    more = comma != std::string_view::npos;
    values.remove_prefix(more ? comma + 1 : values.size());
  }
  return sweep;
}

std::vector<SweepPoint> rates_up_to(double ceiling_per_s, const LoadOptions& options) {
  constexpr int kSteps = 8;
  std::vector<SweepPoint> points;
  for (int i = 0; i <= kSteps; ++i) {
    const double share = i < kSteps ? 0.10 + 0.85 * i / (kSteps - 1) : 1.05;
    points.push_back(
        make_point(find_sweep_key("rate"), fmt::format("{:.10g}", three_digits(share * ceiling_per_s)), options));
  }
  return points;
}

}  // namespace fanin::load
