// Subcommands that read results.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/analysis/plots.h"
#include "harness/analysis/run_file.h"
#include "harness/claims/result_check.h"
#include "harness/commands.h"
#include "harness/export/export.h"
#include "harness/kernels/ledger_file.h"
#include "harness/rounds/programs.h"
#include "harness/verdict/verdict.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

// Checks a run or verdicts and counts what they hold.
std::string validate(const std::string& file) {
  const Json document = load_json(file);
  const JsonReader reader(document, file);
  if (is_judgement(document)) {
    return os::plural(judgement_from_json(reader).metrics.size(), "comparison");
  }
  if (is_ledger(document)) {
    check_ledger(reader);
    return os::plural(document.at("cells").size(), "cell");
  }
  if (is_claims_result(document)) {
    return os::plural(check_claims_result(reader), "claim");
  }
  check_run(reader);
  return fmt::format("{}, {}", os::plural(document.at("cells").size(), "cell"),
                     os::plural(document.at("rounds").size(), "round"));
}

}  // namespace

void add_validate_command(CLI::App& app, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "validate", "Checks that runs and verdicts fit their schema, and that what they say follows from their figures");
  command
      ->add_option("file", *files,
                   "the directory of a run or of fanin claims, its run.json, or verdicts (--json of ab, compare and "
                   "claims); gzipped or not")
      ->required()
      ->type_name("");
  command->callback([files, &exit_code] {
    for (const std::string& file : *files) {
      try {
        os::print_text(stdout, fmt::format("{}: valid: {}\n", os::printable(file),
                                           validate(find_run_file(find_ledger_file(find_claims_file(file))))));
      } catch (const std::invalid_argument& error) {
        os::print_error("fanin", error.what());
        exit_code = 2;
      }
    }
  });
}

void add_export_command(CLI::App& app) {
  struct Arguments {
    std::string file;
    std::string format;
    std::string out = "-";
    ExportOptions options;
  };
  auto given = std::make_shared<Arguments>();
  HistogramChoice& histogram = given->options.histogram;
  CLI::App* command =
      app.add_subcommand("export", "Writes a run, a load result or verdicts in a format of another tool");
  add_text(*command, "file", given->file, "",
           "the directory of a run, its run.json, a result of fanin-load, or verdicts (--json of ab and compare)")
      ->required();
  std::vector<std::string> names;
  std::string formats = "Formats:\n";
  for (const ExportFormat& format : export_formats()) {
    names.emplace_back(format.name);
    formats += fmt::format("  {:<26}{}\n", format.name, format.about);
  }
  os::take_choice(command->add_option("--format", given->format, "format of the output, see below"), names)->required();
  command->footer(formats);
  add_text(*command, "--out", given->out, "FILE", "file to write; - is standard output")->capture_default_str();
  add_text(*command, "--cell", histogram.cell, "CELL", "hgrm, hlog: only this cell");
  os::take_choice(command->add_option("--histogram", histogram.kind, "hgrm, hlog: which latency"),
                  {"response", "service", "connect"})
      ->capture_default_str();
  command->add_option("--link", given->options.link, "markdown: where the report is, an address or a name")
      ->type_name("LINK");
  command->callback([given] {
    const Json document = load_measured(given->file);
    const std::string text = export_document(document, given->format, given->options);
    if (is_without_figures(document, given->format)) {
      os::print_error("fanin",
                      fmt::format("{}: no cell has a usable figure: the export is empty", os::printable(given->file)));
    }
    if (os::is_same_output(given->out, "-")) {
      os::print_text(stdout, text);
    } else {
      os::open_result_file(given->out, "--out", {given->file, find_run_file(given->file)})->write(text);
    }
  });
}

void add_plot_command(CLI::App& app) {
  struct Arguments {
    std::string measured;
    std::string out;
    std::string micro;
  };
  auto given = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("plot", "Draws the charts of a run and its report.html, or the chart of a file");
  add_text(*command, "run", given->measured, "",
           "the directory of a run or of fanin claims, its JSON, verdicts of fanin ab or compare, a ledger, a sweep "
           "over rates, "
           "or the JSON of fanin-micro")
      ->required();
  add_text(*command, "--out", given->out, "DIR",
           "directory for the charts (default: charts/ in the run directory; next to another file)");
  add_text(*command, "--micro", given->micro, "FILE", "JSON of the micro-benchmarks (default: micro.json of the run)");
  command->callback([given] {
    std::vector<std::string> arguments;
    for (const auto& [option, value] : {std::pair{"--out", given->out}, {"--micro", given->micro}}) {
      if (!value.empty()) {
        arguments.push_back(fmt::format("{}={}", option, value));
      }
    }
    arguments.insert(arguments.end(), {"--", given->measured});
    draw_plots(Programs::find("", "").data(), arguments);
  });
}

}  // namespace fanin::harness
