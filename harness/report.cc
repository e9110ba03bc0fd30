#include "harness/report.h"

#include <fmt/format.h>

#include "harness/figures.h"
#include "harness/summary.h"

namespace fanin {
namespace {

struct Column {
  const char* heading;
  const char* metric;
};

constexpr Column kColumns[] = {{"throughput", "throughput_per_s"}, {"p50", "response_p50_ns"},
                               {"p99", "response_p99_ns"},         {"CPU/request", "server_cpu_per_request_ns"},
                               {"memory", "server_pss_bytes"},     {"threads", "server_threads"}};

std::string row(const RunRecord& record, const Cell& cell) {
  const CellVerdict verdict = record.verdict(cell);
  std::string text = fmt::format("  {:<14} {:>8}", cell.server + (cell.aa ? " (A/A)" : ""), cell.value.dump());
  if (verdict.status != "measured") {
    return text + fmt::format("   {}: {}\n", verdict.status, verdict.reason);
  }
  const Json summaries = summarise_cell(cell.id, record.rounds_of(cell.id));
  for (const Column& column : kColumns) {
    for (const Json& summary : summaries) {
      if (summary["metric"] == column.metric) {
        text += fmt::format(" {:>12}", figure(summary["median"], summary["unit"].get<std::string>()));
      }
    }
  }
  return text + "\n";
}

}  // namespace

std::string describe_run(const RunRecord& record) {
  std::string text;
  for (const Experiment& experiment : record.suite.experiments) {
    std::string rows;
    for (const Cell& cell : record.cells) {
      rows += cell.experiment == experiment.name ? row(record, cell) : "";
    }
    if (rows.empty()) {
      continue;
    }
    text += fmt::format("\n{} (by {}, medians of {} rounds)\n  {:<14} {:>8}", experiment.title,
                        experiment.sweep.parameter, record.suite.repetitions, "server", "");
    for (const Column& column : kColumns) {
      text += fmt::format(" {:>12}", column.heading);
    }
    text += "\n" + rows;
  }
  return text;
}

}  // namespace fanin
