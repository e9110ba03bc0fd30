#include "loadgen/reports/reasons.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fanin::load {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ReasonEntry& entry : kReasonTable) {
    all.emplace_back(entry.name);
  }
  return all;
}

// Would catch: a code without a row in the documents, or one that was renamed there only.
TEST(ReasonTable, IsTheTableOfTheMethodology) {
  std::ifstream file(FANIN_SOURCE "/docs/methodology.md");
  std::vector<std::string> rows;
  bool is_table = false;
  for (std::string line; std::getline(file, line);) {
    is_table = line.starts_with("| code | meaning |") || (is_table && line.starts_with("|"));
    if (is_table && line.starts_with("| `")) {
      rows.push_back(line);
    }
  }
  std::vector<std::string> expected;
  for (const ReasonEntry& entry : kReasonTable) {
    expected.push_back(fmt::format("| `{}` | {} | {} |", entry.name, entry.meaning, entry.advice));
  }
  EXPECT_EQ(rows, expected);
}

// Would catch: a code that results may not have.
TEST(ReasonTable, HasTheCodesOfTheSchema) {
  std::ifstream file(FANIN_SOURCE "/results/schema/load.schema.json");
  const auto schema = nlohmann::json::parse(file);
  EXPECT_EQ(schema["$defs"]["reason"]["properties"]["code"]["enum"].get<std::vector<std::string>>(), names());
}

}  // namespace
}  // namespace fanin::load
