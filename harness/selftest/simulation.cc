#include <fmt/format.h>

#include <algorithm>

#include "harness/selftest/procedures.h"
#include "harness/selftest/share.h"
#include "harness/selftest/simulated_session.h"
#include "statistics/inference.h"

namespace fanin::harness {
namespace {

// Beyond these bounds a share contradicts the level that is stated. With some 250 shares, bounds at 95 % would accuse a
// dozen sound procedures.
constexpr double kContradiction = 0.999;

bool holds(const SimulatedProcedure& procedure, std::int64_t count) {
  const statistics::Interval bounds = statistics::clopper_pearson(count, procedure.trials, kContradiction);
  if (!procedure.stated) {
    return true;
  }
  constexpr double kRounding = 1e-9;
  return procedure.figure == SimulatedFigure::kFalseAlarms ? bounds.low <= *procedure.stated + kRounding
                                                           : bounds.high >= *procedure.stated - kRounding;
}

// Of the whole text, by FNV-1a: a row does not depend on the others.
std::uint64_t hash(const std::string& text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char letter : text) {
    value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  }
  return value;
}

Json simulate_row(const SimulatedProcedure& procedure, const SeriesKind& kind, std::uint64_t seed) {
  Random random(hash(fmt::format("{}/{}/{}/{}/{}", seed, procedure.name, procedure.setting,
                                 figure_name(procedure.figure), kind.name)));
  std::int64_t count = 0;
  for (int trial = 0; trial < procedure.trials; ++trial) {
    count += procedure.trial(kind, random) ? 1 : 0;
  }
  return {{"series", kind.name}, {"share", share_to_json(count, procedure.trials)}, {"holds", holds(procedure, count)}};
}

Json simulate_procedure(const SimulatedProcedure& procedure, std::uint64_t seed) {
  Json rows = Json::array();
  for (const SeriesKind& kind : procedure.kinds) {
    rows.push_back(simulate_row(procedure, kind, seed));
  }
  return {{"name", procedure.name},
          {"setting", procedure.setting},
          {"figure", figure_name(procedure.figure)},
          {"stated", procedure.stated ? Json(*procedure.stated) : Json(nullptr)},
          {"rows", std::move(rows)}};
}

}  // namespace

std::string_view figure_name(SimulatedFigure figure) {
  switch (figure) {
    case SimulatedFigure::kCoverage:
      return "coverage";
    case SimulatedFigure::kFalseAlarms:
      return "false-alarms";
    case SimulatedFigure::kPower:
      break;
  }
  return "power";
}

Json simulate(const std::vector<SimulatedProcedure>& procedures, std::uint64_t seed) {
  Json kinds = Json::array();
  for (const SeriesKind& kind : kSeriesKinds) {
    kinds.push_back({{"name", kind.name}, {"about", kind.about}});
  }
  Json results = Json::array();
  for (const SimulatedProcedure& procedure : procedures) {
    results.push_back(simulate_procedure(procedure, seed));
  }
  return {{"seed", seed},           {"unit_deviation", kUnitDeviation}, {"round_deviation", kRoundDeviation},
          {"drift", kMachineDrift}, {"series", std::move(kinds)},       {"procedures", std::move(results)}};
}

std::string describe_simulation(const Json& simulation) {
  std::string text;
  for (const Json& procedure : simulation.at("procedures")) {
    double low = 1;
    double high = 0;
    std::vector<std::string> failures;
    for (const Json& row : procedure.at("rows")) {
      const Json& share = row.at("share");
      const double value = share.at("count").get<double>() / share.at("of").get<double>();
      low = std::min(low, value);
      high = std::max(high, value);
      if (row.at("holds") == false) {
        failures.push_back(fmt::format("{} {:.1f} %", row.at("series").get<std::string>(), 100 * value));
      }
    }
    const Json& stated = procedure.at("stated");
    text +=
        fmt::format("{} ({}): {} {:.1f} to {:.1f} %{}{}\n", procedure.at("name").get<std::string>(),
                    procedure.at("setting").get<std::string>(), procedure.at("figure").get<std::string>(), 100 * low,
                    100 * high, stated.is_null() ? "" : fmt::format(", stated {:.4g} %", 100 * stated.get<double>()),
                    failures.empty() ? "" : fmt::format("; fails: {}", fmt::join(failures, ", ")));
  }
  return text;
}

}  // namespace fanin::harness
