#include "harness/ab/ab_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "os/format.h"

namespace fanin::harness {

std::vector<AbCell> make_ab_cells(const Suite& suite, const Globs& only, const Side& base, const Side& now) {
  std::vector<AbCell> cells;
  std::set<std::string> seen;
  for (Cell& cell : make_cells(suite, only)) {
    if (cell.aa) {
      continue;  // each unit has a control
    }
    const auto spec = std::find_if(suite.servers.begin(), suite.servers.end(),
                                   [&](const ServerSpec& server) { return server.name == cell.server; });
    if (base.server) {
      cell.server = now.server->name;
      cell.id = fmt::format("{}/{}/{}", cell.experiment, cell.server, cell.value.dump());
    }
    if (seen.insert(cell.id).second) {
      cells.push_back({std::move(cell), {base.apply(*spec), base.program}, {now.apply(*spec), now.program}});
    }
  }
  return cells;
}

void check_arguments(const std::vector<AbCell>& cells, const Side& base, const Side& now, const Programs& programs) {
  std::set<std::pair<std::vector<std::string>, std::string>> checked;  // command line, protocol
  for (const AbCell& cell : cells) {
    for (const auto& [arm, side] : {std::pair{&cell.base, &base}, {&cell.now, &now}}) {
      const bool has_options = arm->server.command.empty() && !arm->server.args.empty();
      if (!has_options || !checked.emplace(arm->command_line(), cell.cell.workload.protocol()).second) {
        continue;
      }
      const std::string said =
          find_refusal(server_command_to_check(arm->server, cell.cell.workload, programs, arm->program), "");
      if (!said.empty()) {
        throw std::invalid_argument(
            fmt::format("'{}': {}: {}", os::printable(side->text, kLongestName), cell.cell.id, said));
      }
    }
  }
}

}  // namespace fanin::harness
