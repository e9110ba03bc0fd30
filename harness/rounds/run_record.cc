#include "harness/rounds/run_record.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/analysis/notes.h"
#include "harness/analysis/ratios.h"
#include "harness/analysis/summary.h"
#include "harness/rounds/environment.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

Json describe_server(const ServerSpec& server, const Catalogue& catalogue) {
  const Model* model = server.model.empty() ? nullptr : catalogue.find(server.model);
  return {{"name", server.name},
          {"model", server.model.empty() ? Json(nullptr) : Json(server.model)},
          {"kind", model == nullptr ? "external" : model->kind},
          {"summary", model == nullptr ? Json(nullptr) : Json(model->summary)},
          {"command", server.command.empty() ? Json(nullptr) : Json(server.command)}};
}

Json describe_cell(const Cell& cell, const CellVerdict& verdict) {
  return {{"id", cell.id},
          {"experiment", cell.experiment},
          {"server", cell.server},
          {"parameter", cell.parameter},
          {"value", cell.value},
          {"role", cell.aa ? "aa" : "measure"},
          {"status", verdict.status},
          {"reason", verdict.reason.empty() ? Json(nullptr) : Json(verdict.reason)}};
}

}  // namespace

std::vector<const Json*> RunRecord::rounds_of(const std::string& cell) const {
  std::vector<const Json*> found;
  for (const Json& round : rounds) {
    if (round.at("cell") == cell) {
      found.push_back(&round);
    }
  }
  return found;
}

CellVerdict RunRecord::verdict(const Cell& cell) const {
  const auto found = excluded.find(cell.id);
  return found != excluded.end() ? found->second : judge_cell(rounds_of(cell.id), suite.repetitions);
}

os::ExitCode RunRecord::exit_code() const {
  bool measured = false;
  for (const Cell& cell : cells) {
    const std::string status = verdict(cell).status;
    if (status != "measured" && status != "unsupported") {
      return os::ExitCode::kFailed;
    }
    measured = measured || status == "measured";
  }
  return measured ? os::ExitCode::kPassed : os::ExitCode::kUndecided;
}

Json RunRecord::cells_to_json() const {
  Json described = Json::array();
  for (const Cell& cell : cells) {
    described.push_back(describe_cell(cell, verdict(cell)));
  }
  return described;
}

std::vector<const Json*> RunRecord::all_rounds() const {
  std::vector<const Json*> all;
  all.reserve(rounds.size());
  for (const Json& round : rounds) {
    all.push_back(&round);
  }
  return all;
}

Json RunRecord::slopes() const { return summarise_slopes(cells_to_json(), all_rounds()); }

Json RunRecord::ratios() const { return summarise_ratios(suite, cells_to_json(), all_rounds()); }

Json RunRecord::to_json(const Catalogue& catalogue) const {
  Json summaries = Json::array();
  std::set<std::string> used;
  for (const Cell& cell : cells) {
    used.insert(cell.server);
    if (const auto own = rounds_of(cell.id); !own.empty()) {
      for (Json& summary : summarise_cell(cell.id, own)) {
        summaries.push_back(std::move(summary));
      }
    }
  }
  Json servers = Json::array();
  for (const ServerSpec& server : suite.servers) {
    if (used.count(server.name) == 1) {
      servers.push_back(describe_server(server, catalogue));
    }
  }
  return {{"schema", "fanin-run"},
          {"schema_version", 2},
          {"run_id", run_id},
          {"started_at", started_at},
          {"finished_at", finished_at},
          {"complete", complete},
          {"suite", suite.document},
          {"seed", seed},
          {"environment", {{"start", environment_start}, {"end", environment_end}}},
          {"placement", placement},
          {"servers", servers},
          {"conformance", conformance},
          {"cells", cells_to_json()},
          {"rounds", rounds},
          {"summaries", summaries},
          {"slopes", slopes()},
          {"ratios", ratios()}};
}

namespace {

struct Column {
  const char* heading;
  const char* metric;
};

constexpr Column kColumns[] = {{"throughput", "throughput_per_s"}, {"p50", "response_p50_ns"},
                               {"p99", "response_p99_ns"},         {"CPU/req", "server_cpu_per_request_ns"},
                               {"memory", "server_pss_bytes"},     {"threads", "server_threads"}};

// A cell without figures in a line: its status, and the codes of its rounds or the reason. A reason that is too long is
// below the table.
std::string unmeasured_row(const std::string& head, const std::string& place, const CellVerdict& verdict,
                           const std::vector<CodedReason>& reasons, Footnotes& footnotes) {
  const std::string why = os::printable(verdict.status == "invalid" ? join_codes(reasons) : verdict.reason);
  std::string row = fmt::format("{}   {}: {}", head, verdict.status, why);
  if (row.size() > kTextWidth) {
    row = fmt::format("{}   {}: see below", head, verdict.status);
    if (reasons.empty()) {
      footnotes.add(place + ": " + verdict.status, why);
    }
  }
  return row + "\n";
}

std::string row(const RunRecord& record, const Cell& cell, Footnotes& footnotes) {
  const CellVerdict verdict = record.verdict(cell);
  const std::vector<const Json*> rounds = record.rounds_of(cell.id);
  const auto repetitions = static_cast<std::size_t>(record.suite.repetitions);
  const std::vector<CodedReason> reasons =
      rounds.empty() ? std::vector<CodedReason>() : cell_reasons(rounds, repetitions);
  footnotes.add_rounds(rounds.empty() ? 0 : repetitions);
  const std::string place = fmt::format("{}/{}", cell.server, cell.value.dump());
  for (const CodedReason& reason : reasons) {
    footnotes.add(place, reason);
  }
  std::string text = fmt::format("  {:<18} {:>8}", cell.server + (cell.aa ? " (A/A)" : ""), cell.value.dump());
  if (verdict.status != "measured") {
    return unmeasured_row(text, place, verdict, reasons, footnotes);
  }
  const Json summaries = summarise_cell(cell.id, rounds);
  for (const Column& column : kColumns) {
    for (const Json& summary : summaries) {
      if (summary["metric"] == column.metric) {
        text += fmt::format(" {:>10}", format_figure(summary["median"], summary["unit"].get<std::string>()));
      }
    }
  }
  return text + (reasons.empty() ? "" : "  ! " + join_codes(reasons)) + "\n";
}

constexpr Column kSlopeColumns[] = {{"in all", "memory_total_bytes"},
                                    {"PSS", "server_pss_bytes"},
                                    {"page tables", "server_page_table_bytes"},
                                    {"stacks", "server_kernel_stack_bytes"},
                                    {"slab", "machine_slab_bytes"}};

std::string slope_row(const std::string& server, const std::vector<Json>& slopes) {
  std::string text = fmt::format("  {:<18} {:>8}", server, "");
  for (const Column& column : kSlopeColumns) {
    for (const Json& slope : slopes) {
      if (slope["metric"] == column.metric) {
        text += fmt::format(" {:>12}", format_figure(slope["median"], "bytes"));
      }
    }
  }
  return text + "\n";
}

// Why the totals without a value have none, once for all servers with the same reason.
std::string explain_slopes(const std::vector<std::pair<std::string, std::vector<Json>>>& servers) {
  std::map<std::string, std::vector<std::string>> reasons;
  for (const auto& [server, slopes] : servers) {
    if (const Json& total = slopes.front(); total["median"].is_null()) {
      reasons[total["reason"].get<std::string>()].push_back(server);
    }
  }
  Footnotes footnotes;
  for (const auto& [reason, of_servers] : reasons) {
    footnotes.add(fmt::format("{}", fmt::join(of_servers, ", ")), reason);
  }
  return footnotes.text();
}

// What one more idle connection costs, from the experiments that sweep them.
std::string describe_slopes(const std::string& experiment, const Json& slopes) {
  std::vector<std::pair<std::string, std::vector<Json>>> servers;
  for (const Json& slope : slopes) {
    if (slope["experiment"] != experiment) {
      continue;
    }
    const std::string server = slope["server"].get<std::string>();
    if (servers.empty() || servers.back().first != server) {
      servers.push_back({server, {}});
    }
    servers.back().second.push_back(slope);
  }
  if (servers.empty()) {
    return "";
  }
  std::string text = fmt::format("  memory per idle connection\n  {:<18} {:>8}", "server", "");
  for (const Column& column : kSlopeColumns) {
    text += fmt::format(" {:>12}", column.heading);
  }
  text += "\n";
  for (const auto& [server, own] : servers) {
    text += slope_row(server, own);
  }
  return text + explain_slopes(servers);
}

}  // namespace

std::string describe_run(const RunRecord& record) {
  std::string text;
  const Json slopes = record.slopes();
  for (const Experiment& experiment : record.suite.experiments) {
    std::string rows;
    Footnotes footnotes;
    for (const Cell& cell : record.cells) {
      rows += cell.experiment == experiment.name ? row(record, cell, footnotes) : "";
    }
    if (rows.empty()) {
      continue;
    }
    const int rounds = record.suite.repetitions;
    text +=
        fmt::format("\n{} (by {}, {})\n  {:<18} {:>8}", os::printable(experiment.title), experiment.sweep.parameter,
                    rounds == 1 ? "one round, no interval" : fmt::format("medians of {} rounds", rounds), "server", "");
    for (const Column& column : kColumns) {
      text += fmt::format(" {:>10}", column.heading);
    }
    text += "\n" + rows + footnotes.text() + describe_slopes(experiment.name, slopes);
  }
  if (const std::string busy = describe_busy(record.environment_start); !busy.empty()) {
    text += fmt::format("\nbusy-machine: before the run {}\n", busy);
  }
  return text;
}

}  // namespace fanin::harness
