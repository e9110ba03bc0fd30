#include "harness/suite/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

namespace fanin::harness {
namespace {

Cell make_cell(const Experiment& experiment, const std::string& server, const Json& value, bool aa) {
  const std::string& parameter = experiment.sweep.parameter;
  return {fmt::format("{}/{}/{}{}", experiment.name, server, value.dump(), aa ? "/aa" : ""),
          experiment.name,
          server,
          parameter,
          value,
          aa,
          experiment.workload.with(parameter, value),
          experiment.warmup,
          experiment.duration,
          experiment.interleaved};
}

// A number from 0 to bound-1, each equally likely: draws that would favour the low ones are thrown away. The
// distributions of <random> are not used because libraries differ in them.
std::uint64_t draw_below(std::mt19937_64& engine, std::uint64_t bound) {
  const std::uint64_t unfair = (UINT64_MAX % bound + 1) % bound;
  for (;;) {
    const std::uint64_t draw = engine();
    if (draw <= UINT64_MAX - unfair) {
      return draw % bound;
    }
  }
}

}  // namespace

bool asks_about_memory(const Cell& cell) {
  return cell.parameter == "idle_connections" && cell.workload.connections() == 1;
}

ExpectedTime expected_time(const Cell& cell) {
  constexpr net::Nanoseconds kEach = std::chrono::microseconds(60);  // 40 to connect, 20 to close (6.18, two cores)
  return cell.warmup.length + cell.duration + kEach * cell.workload.all_connections();
}

net::Nanoseconds setup_limit(const Cell& cell) {
  constexpr net::Nanoseconds kEach = std::chrono::microseconds(300);
  return kEach * cell.workload.all_connections();
}

ExpectedTime expected_time(const std::vector<Cell>& cells, int repetitions) {
  return std::accumulate(cells.begin(), cells.end(), ExpectedTime::zero(), [&](ExpectedTime sum, const Cell& cell) {
    return sum + (expected_time(cell) + kRoundOverhead) * repetitions;
  });
}

std::vector<Cell> make_cells(const Suite& suite, const Globs& only) {
  std::vector<Cell> all;
  for (const Experiment& experiment : suite.experiments) {
    for (const std::string& server : experiment.servers) {
      for (const Json& value : experiment.sweep.values) {
        all.push_back(make_cell(experiment, server, value, false));
      }
    }
    if (experiment.aa) {
      all.push_back(make_cell(experiment, experiment.aa->server, experiment.aa->value, true));
    }
  }
  std::vector<std::string> ids;
  ids.reserve(all.size());
  for (const Cell& cell : all) {
    ids.push_back(cell.id);
  }
  std::vector<Cell> cells;
  for (const std::size_t index : select_ids(only, ids, "cell of suite " + suite.name)) {
    cells.push_back(std::move(all[index]));
  }
  return cells;
}

std::vector<std::vector<std::size_t>> make_units(const std::vector<Cell>& cells) {
  std::vector<std::vector<std::size_t>> units;
  std::map<std::pair<std::string, std::string>, std::size_t> interleaved;  // by experiment and value
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].interleaved) {
      const auto [unit, is_new] =
          interleaved.emplace(std::pair{cells[i].experiment, cells[i].value.dump()}, units.size());
      if (!is_new) {
        units[unit->second].push_back(i);
        continue;
      }
    }
    units.push_back({i});
  }
  return units;
}

std::map<std::string, Cell> make_cells_by_id(const Suite& suite) {
  std::map<std::string, Cell> cells;
  for (Cell& cell : make_cells(suite)) {
    std::string id = cell.id;
    cells.emplace(std::move(id), std::move(cell));
  }
  return cells;
}

std::vector<std::size_t> block_order(std::uint64_t seed, int block, std::size_t count) {
  std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(block)};
  std::mt19937_64 engine(mixed);
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t left = count; left > 1; --left) {
    std::swap(order[left - 1], order[draw_below(engine, left)]);
  }
  return order;
}

std::uint64_t derive_round_seed(std::uint64_t seed, int block, std::size_t order) {
  return (seed + 1'000'003ULL * static_cast<std::uint64_t>(block) + order) >> 1;
}

std::uint64_t draw_seed() {
  std::random_device device;
  return ((static_cast<std::uint64_t>(device()) << 32) | device()) >> 11;
}

}  // namespace fanin::harness
