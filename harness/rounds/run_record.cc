#include "harness/rounds/run_record.h"

#include <set>

#include "harness/analysis/summary.h"

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

Json RunRecord::cells_to_json() const {
  Json described = Json::array();
  for (const Cell& cell : cells) {
    described.push_back(describe_cell(cell, verdict(cell)));
  }
  return described;
}

Json RunRecord::slopes() const {
  std::vector<const Json*> all_rounds;
  all_rounds.reserve(rounds.size());
  for (const Json& round : rounds) {
    all_rounds.push_back(&round);
  }
  return summarise_slopes(cells_to_json(), all_rounds);
}

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
          {"slopes", slopes()}};
}

}  // namespace fanin::harness
