#include "harness/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/rounds/console.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/suite_run.h"
#include "harness/suite/plan.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// "12 cells, 60 rounds, about 1 min 20 s"
std::string describe_size(const std::vector<Cell>& cells, int repetitions) {
  return fmt::format("{}, {}, about {}", os::plural(cells.size(), "cell"),
                     os::plural(cells.size() * static_cast<std::size_t>(repetitions), "round"),
                     Progress::format_estimate(expected_time(cells, repetitions)));
}

std::string describe_suite(const std::string& path) {
  const Suite suite = parse_suite(load_json(path), path);
  return fmt::format("  {:<10} {}. {}\n", suite.name, describe_size(make_cells(suite), suite.repetitions),
                     os::printable(suite.description));
}

std::string describe_models(const Catalogue& catalogue) {
  std::string text;
  for (const Model& model : catalogue.models()) {
    text += fmt::format("  {:<18} {}{}{}\n", os::printable(model.name), os::printable(model.summary),
                        model.kind == "anti-pattern" ? " (anti-pattern)" : "",
                        model.supported ? "" : fmt::format(" (not supported here: {})", os::printable(model.reason)));
  }
  return text;
}

}  // namespace

std::string describe_suites(const Programs& programs) {
  std::string text = "Suites (fanin list SUITE shows their cells):\n";
  for (const std::string& name : list_suites(programs)) {
    text += describe_suite(find_suite(name, programs));
  }
  return text + "\nServer models:\n" + describe_models(Catalogue::query(programs.server));
}

std::string describe_cells(const Suite& suite, const Globs& only) {
  const std::vector<Cell> cells = make_cells(suite, only);
  std::string text = fmt::format("{}: {}\n", suite.name, describe_size(cells, suite.repetitions));
  auto begin = cells.begin();  // cells have the order of their experiments
  for (const Experiment& experiment : suite.experiments) {
    const auto end =
        std::find_if(begin, cells.end(), [&](const Cell& cell) { return cell.experiment != experiment.name; });
    const std::vector<Cell> own(begin, end);
    begin = end;
    if (own.empty()) {
      continue;
    }
    text += fmt::format("\n{}: {}, by {}: {}\n", experiment.name, os::printable(experiment.title),
                        experiment.sweep.parameter, describe_size(own, suite.repetitions));
    for (const Cell& cell : own) {
      text +=
          fmt::format("  {:<40} {}\n", cell.id, Progress::format_estimate(expected_time({cell}, suite.repetitions)));
    }
  }
  return text;
}

}  // namespace fanin::harness
