// The bands and metrics that a user names.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "harness/analysis/summary.h"
#include "harness/verdict/verdict.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

double parse_share(const std::string& text, const std::string& option) {
  std::string number = text;
  double scale = 1;
  if (number.ends_with('%')) {
    number.pop_back();
    scale = 0.01;
  }
  std::size_t used = 0;
  double share = -1;
  try {
    share = std::stod(number, &used) * scale;
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == number.size() && used > 0 && scale == 1 && share >= 1) {
    throw std::invalid_argument(
        fmt::format("--band {}: a bare number is a share, such as 0.02: write {}% for percent", option, number));
  }
  if (used == number.size() && used > 0 && share >= 1) {
    throw std::invalid_argument(
        fmt::format("--band {}: would let a halved throughput pass: give less than 100%", option));
  }
  if (used == 0 || used != number.size() || !(share >= 0)) {
    throw std::invalid_argument(
        fmt::format("--band {}: '{}' is no share: write 2% or 0.02", option, os::printable(text, kLongestName)));
  }
  return share;
}

// METRIC is meant of each METRIC@CLASS too.
bool is_band_of(const std::string& named, const std::string& metric) {
  if (is_of_ledgers(metric)) {
    if (!is_of_ledgers(named)) {
      throw std::invalid_argument(fmt::format("--band {}: instructions are counted: there are {} and {}",
                                              os::printable(named, kLongestName), kServerUserInstructions,
                                              kInstructionsPerRequest));
    }
  } else {
    find_metric_of_user(named);
  }
  return named == metric || named == split_metric_name(metric).metric;
}

}  // namespace

bool is_of_ledgers(std::string_view metric) {
  return metric == kInstructionsPerRequest || metric == kServerUserInstructions;
}

double find_band(const std::string& metric, const std::vector<std::string>& given, double preset) {
  double band = preset;
  for (const std::string& each : given) {
    if (each.find('=') == std::string::npos) {
      band = parse_share(each, each);
    }
  }
  for (const std::string& each : given) {
    const std::size_t equals = each.find('=');
    if (equals != std::string::npos && is_band_of(each.substr(0, equals), metric)) {
      band = parse_share(each.substr(equals + 1), each);
    }
  }
  return band;
}

}  // namespace fanin::harness
