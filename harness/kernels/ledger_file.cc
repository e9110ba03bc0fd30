#include "harness/kernels/ledger_file.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

std::uint64_t count_at(const JsonReader& reader, std::string_view key) {
  return reader.at(key).value().get<std::uint64_t>();
}

void expect_total(const JsonReader& part, std::uint64_t sum, std::uint64_t total) {
  if (sum != total) {
    part.fail(fmt::format("adds up to {} instructions, but the cell has {}", sum, total));
  }
}

void check_rows(const JsonReader& rows, std::uint64_t total) {
  std::uint64_t sum = 0;
  std::set<Json> seen;
  for (const JsonReader& row : rows.items()) {
    sum += count_at(row, "instructions");
    Json key = row.value();
    key.erase("instructions");
    if (!seen.insert(std::move(key)).second) {
      row.fail("is there twice");
    }
  }
  expect_total(rows, sum, total);
}

void check_paths(const JsonReader& paths, std::uint64_t total) {
  const std::size_t names = paths.at("names").value().size();
  const JsonReader nodes = paths.at("nodes");
  std::uint64_t sum = 0;
  std::int64_t index = 0;
  for (const Json& node : nodes.value()) {
    if (node.at(0).get<std::int64_t>() >= index || node.at(1).get<std::size_t>() >= names) {
      nodes.fail("its caller does not come earlier, or it has no name", fmt::format("/{}", index));
    }
    sum += node.at(3).get<std::uint64_t>();
    ++index;
  }
  expect_total(nodes, sum, total);
}

void check_cell(const JsonReader& cell) {
  if (cell.at("status").text() != "ok") {
    return;
  }
  const std::uint64_t total = count_at(cell, "instructions");
  const double per_request = static_cast<double>(total) / static_cast<double>(count_at(cell, "requests"));
  if (std::abs(cell.at("instructions_per_request").value().get<double>() - per_request) > 1e-9 * per_request) {
    cell.at("instructions_per_request").fail(fmt::format("but instructions and requests give {}", per_request));
  }
  check_rows(cell.at("split"), total);
  check_rows(cell.at("functions"), total);
  check_paths(cell.at("paths"), total);
}

// Each side of each cell adds up to the cell on the kernel of that side.
void check_difference(const JsonReader& difference, const Json& ledger) {
  for (const JsonReader& cell : difference.at("cells").items()) {
    const JsonReader functions = cell.at("functions");
    for (const auto& [side, kernel] : {std::pair{"base", "base"}, {"now", "kernel"}}) {
      const Json* counted = find_ledger_cell(ledger, cell.at("id").text(), difference.at(kernel).text());
      if (counted == nullptr || counted->at("status") != "ok") {
        cell.fail(fmt::format("{} has not counted it", difference.at(kernel).text()));
      }
      std::uint64_t sum = 0;
      for (const JsonReader& row : functions.items()) {
        sum += count_at(row, side);
      }
      expect_total(functions, sum, counted->at("instructions").get<std::uint64_t>());
    }
  }
}

// `cells`: ID and kernel of those of the ledger.
void check_other_seeds(const JsonReader& totals, const std::set<std::pair<std::string, std::string>>& cells,
                       const Json& own_seed) {
  std::set<std::tuple<Json, std::string, std::string>> seen;
  for (const JsonReader& total : totals.items()) {
    const std::string id = total.at("id").text();
    const std::string kernel = total.at("kernel").text();
    if (!cells.contains({id, kernel})) {
      total.fail("the ledger has no such cell");
    }
    if (total.at("seed").value() == own_seed || !seen.emplace(total.at("seed").value(), id, kernel).second) {
      total.at("seed").fail("is there twice for this cell");
    }
  }
}

}  // namespace

bool is_ledger(const Json& document) {
  return document.is_object() && document.contains("schema") && document.at("schema") == "fanin-ledger";
}

bool names_ledger(const std::string& path) {
  const std::string file = find_ledger_file(path);
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) {
    return false;
  }
  try {
    // The text first: a run is large, and parsed by others.
    return load_unpacked(file).find("\"fanin-ledger\"") != std::string::npos && is_ledger(load_json(file));
  } catch (const std::invalid_argument&) {
    return false;
  }
}

const Json* find_ledger_cell(const Json& ledger, const std::string& id, const std::string& kernel) {
  for (const Json& cell : ledger.at("cells")) {
    if (cell.at("id") == id && cell.at("kernel") == kernel) {
      return &cell;
    }
  }
  return nullptr;
}

void check_ledger(const JsonReader& ledger) {
  check_schema(ledger, "ledger");
  std::set<std::string> kernels;
  for (const JsonReader& kernel : ledger.at("kernels").items()) {
    if (!kernels.insert(kernel.at("name").text()).second) {
      kernel.at("name").fail("another kernel has this name");
    }
  }
  std::set<std::pair<std::string, std::string>> cells;
  for (const JsonReader& cell : ledger.at("cells").items()) {
    const std::string kernel = cell.at("kernel").text();
    if (!kernels.contains(kernel)) {
      cell.at("kernel").fail("is none of the kernels");
    }
    if (!cells.emplace(cell.at("id").text(), kernel).second) {
      cell.at("id").fail(fmt::format("is there twice on {}", kernel));
    }
    check_cell(cell);
  }
  if (ledger.value().contains("other_seeds")) {
    check_other_seeds(ledger.at("other_seeds"), cells, ledger.at("seed").value());
  }
  for (const JsonReader& difference : ledger.at("differences").items()) {
    check_difference(difference, ledger.value());
  }
}

std::string find_ledger_file(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) {
    for (const char* name : {"ledger.json", "ledger.json.gz"}) {
      const std::filesystem::path file = std::filesystem::path(path) / name;
      if (std::filesystem::exists(file, none)) {
        return file;
      }
    }
  }
  return path;
}

Json load_ledger(const std::string& path) {
  const std::string file = find_ledger_file(path);
  Json document = load_json(file);
  check_ledger(JsonReader(document, file));
  return document;
}

}  // namespace fanin::harness
