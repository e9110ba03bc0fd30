#include "harness/analysis/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "harness/suite/schema.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kAnyWorker = "/*";
constexpr std::string_view kLargestWorker = "/*max";

Quotient parse_quotient(const Json& source, const Json& divisors) {
  Quotient quotient{source.at("places").get<Quotient::Places>(), {}};
  if (source.contains("per")) {
    quotient.divisors = divisors.at(source.at("per").get<std::string>()).at("places");
  }
  return quotient;
}

Metric parse_metric(const Json& row, const Json& divisors) {
  Metric metric;
  metric.name = row.at("name");
  metric.unit = row.at("unit");
  metric.meaning = row.at("meaning");
  metric.higher_is_better = row.at("better") == "higher";
  metric.has_slope = row.contains("slope");
  metric.sources.push_back(parse_quotient(row, divisors));
  if (row.contains("otherwise")) {
    metric.sources.push_back(parse_quotient(row.at("otherwise"), divisors));
  }
  return metric;
}

std::optional<double> number_at(const Json& round, const std::string& place) {
  const Json::json_pointer pointer(place);
  const bool known = round.contains(pointer) && round[pointer].is_number();
  return known ? std::optional(round[pointer].get<double>()) : std::nullopt;
}

// Of the numbers of an object or a list. Nothing: there is neither, or it is empty.
std::optional<double> combine_all(const Json& round, const std::string& place, bool largest) {
  const Json::json_pointer pointer(place);
  if (!round.contains(pointer) || !round[pointer].is_structured() || round[pointer].empty()) {
    return std::nullopt;
  }
  double sum = 0;
  double most = 0;
  for (const Json& number : round[pointer]) {
    sum += number.get<double>();
    most = std::max(most, number.get<double>());
  }
  return largest ? most : sum;
}

std::optional<double> read_place(const Json& round, const std::string& place) {
  const std::size_t all = place.find(kAnyWorker);
  return all == std::string::npos ? number_at(round, place)
                                  : combine_all(round, place.substr(0, all), place.ends_with(kLargestWorker));
}

// Nothing where a place has no number.
std::optional<double> sum_at(const Json& round, const Quotient::Places& places) {
  double sum = 0;
  for (const std::string& place : places) {
    const auto number = read_place(round, place);
    if (!number) {
      return std::nullopt;
    }
    sum += *number;
  }
  return sum;
}

std::optional<double> divide(const Json& round, const Quotient& quotient) {
  const auto sum = sum_at(round, quotient.places);
  if (!sum || quotient.divisors.empty()) {
    return sum;
  }
  for (const Quotient::Places& places : quotient.divisors) {
    if (const auto divisor = sum_at(round, places)) {
      return *divisor > 0 ? std::optional(*sum / *divisor) : std::nullopt;
    }
  }
  return std::nullopt;
}

bool has_zero_divisor(const Json& round, const Quotient& quotient) {
  return sum_at(round, quotient.places) &&
         std::any_of(quotient.divisors.begin(), quotient.divisors.end(),
                     [&round](const Quotient::Places& places) { return sum_at(round, places) == 0.0; });
}

// A class holds its counts and its response times as the whole result does.
constexpr std::pair<std::string_view, std::string_view> kPlacesByClass[] = {{"/load/latency/response/", "/response/"},
                                                                            {"/load/requests/", "/"}};

// This is distributed over the classes by their answered requests.
constexpr std::string_view kDistributed = "throughput_per_s";

// The place of the class with this number. Empty: it is not known by class.
std::string move_to_class(const std::string& place, std::size_t number) {
  for (const auto& [all, of_class] : kPlacesByClass) {
    if (place.starts_with(all)) {
      return fmt::format("/load/classes/{}{}{}", number, of_class, place.substr(all.size()));
    }
  }
  return "";
}

// Nothing: one of its places is not known by class.
std::optional<Quotient> move_to_class(Quotient quotient, std::size_t number) {
  const auto move = [number](Quotient::Places& places) {
    for (std::string& place : places) {
      place = move_to_class(place, number);
    }
    return std::none_of(places.begin(), places.end(), [](const std::string& place) { return place.empty(); });
  };
  const bool moved =
      move(quotient.places) && std::all_of(quotient.divisors.begin(), quotient.divisors.end(), std::ref(move));
  return moved ? std::optional(std::move(quotient)) : std::nullopt;
}

// The number of a class of the mix in a round. Nothing: it has no such class.
std::optional<std::size_t> find_class(const Json& round, const std::string& name) {
  const Json::json_pointer place("/load/classes");
  if (!round.contains(place) || !round[place].is_array()) {
    return std::nullopt;
  }
  const Json& classes = round[place];
  const auto found =
      std::find_if(classes.begin(), classes.end(), [&](const Json& each) { return each["name"] == name; });
  return found != classes.end() ? std::optional(static_cast<std::size_t>(found - classes.begin())) : std::nullopt;
}

Json distribute(const Json& round, const Quotient& of_all, std::size_t number) {
  const auto sum = divide(round, of_all);
  const auto all = number_at(round, "/load/requests/completed");
  const auto own = number_at(round, fmt::format("/load/classes/{}/completed", number));
  return sum && own && all && *all > 0 ? Json(*sum * *own / *all) : Json(nullptr);
}

const Json& metric_document() {
  static const Json kDocument = Json::parse(schema_text("metrics"));
  return kDocument;
}

Json to_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> kMetrics = [] {
    std::vector<Metric> rows;
    for (const Json& row : metric_document().at("metrics")) {
      rows.push_back(parse_metric(row, metric_document().at("divisors")));
    }
    return rows;
  }();
  return kMetrics;
}

MetricName split_metric_name(std::string_view name) {
  const std::size_t at = name.find('@');
  const bool has_class = at != std::string_view::npos;
  return {std::string(name.substr(0, at)), std::string(has_class ? name.substr(at + 1) : "")};
}

const Metric& find_metric(std::string_view name) {
  const std::string row = split_metric_name(name).metric;
  const auto found =
      std::find_if(metrics().begin(), metrics().end(), [&row](const Metric& each) { return each.name == row; });
  if (found == metrics().end()) {
    throw std::out_of_range(fmt::format("{} is no metric of results/schema/metrics.json", name));
  }
  return *found;
}

bool is_by_class(const Metric& metric) {
  return metric.name == kDistributed || move_to_class(metric.sources.front(), 0).has_value();
}

std::string list_metrics_by_class() {
  std::string names;
  for (const Metric& each : metrics()) {
    names += is_by_class(each) ? (names.empty() ? "" : ", ") + each.name : "";
  }
  return names;
}

const Metric& find_metric_of_user(const std::string& name) {
  const auto& all = metrics();
  const std::string row = split_metric_name(name).metric;
  const auto found = std::find_if(all.begin(), all.end(), [&row](const Metric& each) { return each.name == row; });
  if (found == all.end()) {
    throw std::invalid_argument(
        fmt::format("there is no metric '{}': results/schema/metrics.json lists them, such as throughput_per_s, "
                    "server_cpu_per_request_ns and response_p99_ns",
                    os::printable(row, kLongestName)));
  }
  if (row != name && !is_by_class(*found)) {
    throw std::invalid_argument(fmt::format("there is no metric '{}': by class there are only {}",
                                            os::printable(name, kLongestName), list_metrics_by_class()));
  }
  return *found;
}

void check_metric(const std::string& name, const Workload& workload) {
  const Metric& metric = find_metric_of_user(name);
  const std::vector<std::string> classes = workload.class_names();
  const std::string wanted = split_metric_name(name).of_class;
  if (name == metric.name || std::find(classes.begin(), classes.end(), wanted) != classes.end()) {
    return;
  }
  const std::string shown = os::printable(name, kLongestName);
  throw std::invalid_argument(
      classes.empty() ? fmt::format("metric '{}': the workload has no classes of requests: give it a mix", shown)
                      : fmt::format("metric '{}': the workload has no class '{}': it has {}", shown,
                                    os::printable(wanted, kLongestName),
                                    os::printable(fmt::format("{}", fmt::join(classes, ", ")))));
}

Json per_reply_in_window(const Json& amount, const Json& load) {
  static const Quotient kPerReply =
      parse_quotient({{"places", {"/amount"}}, {"per", "replies_in_window"}}, metric_document().at("divisors"));
  return to_json(divide({{"amount", amount}, {"load", load}}, kPerReply));
}

Json metric_of(const Json& round, const std::string& name) {
  const Metric& metric = find_metric(name);
  const std::string of_class = split_metric_name(name).of_class;
  const auto number = of_class.empty() ? std::optional<std::size_t>() : find_class(round, of_class);
  if (!of_class.empty() && !number) {
    return nullptr;
  }
  if (number && metric.name == kDistributed) {
    return distribute(round, metric.sources.front(), *number);
  }
  for (const Quotient& source : metric.sources) {
    const auto moved = number ? move_to_class(source, *number) : std::optional(source);
    if (const auto value = moved ? divide(round, *moved) : std::nullopt) {
      return *value;
    }
  }
  return nullptr;
}

std::string explain_null(const Json& round, const Metric& metric) {
  const auto reads = [&metric](std::string_view prefix) {
    const Quotient& source = metric.sources.back();
    return std::any_of(source.places.begin(), source.places.end(),
                       [&](const std::string& place) { return place.starts_with(prefix); });
  };
  if (reads("/machine/") && round.contains("interleaved")) {
    return "it is a figure of the machine, for all servers of the interleaved unit together";
  }
  const Json::json_pointer counters("/server/counters");
  if (reads("/server/counters/") && round.contains(counters) && round[counters].is_null()) {
    return "this server has no counters: only models of fanin-server count";
  }
  return has_zero_divisor(round, metric.sources.back()) ? "there is nothing to divide by: the count is 0" : "";
}

}  // namespace fanin::harness
