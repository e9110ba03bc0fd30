#include "harness/kernels/timer_interrupts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "harness/kernels/ledger_cell.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kTimerInterrupt = "asm_sysvec_apic_timer_interrupt";

// Of a row of "split", which has no name, or of "functions".
void subtract(Json& rows, const std::string& name, const std::string& program, const std::string& context,
              std::uint64_t instructions) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Json& each) {
    return each.at("program") == program && each.at("context") == context &&
           (!each.contains("name") || each.at("name") == name);
  });
  const std::uint64_t left = row->at("instructions").get<std::uint64_t>() - instructions;
  if (left == 0) {
    rows.erase(row);
  } else {
    (*row)["instructions"] = left;
  }
}

struct PathPlace {
  Context context = Context::kSyscall;
  bool is_timer = false;
};

}  // namespace

std::uint64_t exclude_timer_interrupts(Json& cell) {
  std::uint64_t excluded = 0;
  const Json names = cell.at("paths").at("names");
  std::vector<PathPlace> places;
  for (Json& node : cell.at("paths").at("nodes")) {
    const auto parent = node.at(0).get<std::int64_t>();
    const auto name = names.at(node.at(1).get<std::size_t>()).get<std::string>();
    const auto program = static_cast<Program>(node.at(2).get<std::size_t>());
    const PathPlace caller =
        parent < 0 ? PathPlace{context_at_root(program)} : places[static_cast<std::size_t>(parent)];
    const PathPlace place{context_below(caller.context, name), caller.is_timer || name == kTimerInterrupt};
    places.push_back(place);
    const auto instructions = node.at(3).get<std::uint64_t>();
    if (!place.is_timer || instructions == 0) {
      continue;
    }
    node.at(3) = 0;
    excluded += instructions;
    const std::string of_program(program_name(program));
    const std::string of_context(kContextNames.at(static_cast<std::size_t>(place.context)));
    subtract(cell["split"], name, of_program, of_context, instructions);
    subtract(cell["functions"], name, of_program, of_context, instructions);
  }
  const std::uint64_t left = cell.at("instructions").get<std::uint64_t>() - excluded;
  cell["instructions"] = left;
  cell["instructions_per_request"] = static_cast<double>(left) / cell.at("requests").get<double>();
  return excluded;
}

}  // namespace fanin::harness
