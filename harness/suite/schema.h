#pragma once

#include <string>
#include <string_view>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Checks a value against results/schema/NAME.schema.json, of which the program holds a copy: the one definition of the
// formats, which plots.validate reads too. `definition` is a part under its "$defs", empty: the whole. Throws
// std::invalid_argument with file and place of the first thing that is wrong, and std::logic_error where a schema uses
// a word that is not known here. Any thread.
void check_schema(const JsonReader& value, const std::string& name, const std::string& definition = "");

// Whether a text has the form that the word "pattern" of a schema asks for. As ECMA-262 has it, $ is the end alone.
// Throws std::logic_error for a pattern that is none.
bool matches_pattern(const std::string& pattern, const std::string& text);

// What is wrong with a regular expression as fanin-load takes it (PCRE2, over bytes); empty: nothing.
std::string why_no_pattern(const std::string& pattern);

// The text of a schema file, by its name, of "load-options", the generator's table of options, of "metrics", the table
// of metrics, or of "drift-table", the drift between runs; and the names of the schemas that the program holds.
// Generated (see harness/CMakeLists.txt).
std::string_view schema_text(std::string_view name);
inline constexpr std::string_view kSchemas[] = {"suite",   "load",     "load-sweep", "load-interleaving", "run",
                                                "verdict", "claim",    "claims",     "claims-plan",       "claims-unit",
                                                "ledger",  "selftest", "drift"};

}  // namespace fanin::harness
