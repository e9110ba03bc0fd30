#pragma once

#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Whether a document says that it is a ledger.
bool is_ledger(const Json& document);

// Whether a path is that of a ledger, or of a directory with one. Reads the file. False for what cannot be read.
bool names_ledger(const std::string& path);

// The cell of a kernel; nullptr: there is none.
const Json* find_ledger_cell(const Json& ledger, const std::string& id, const std::string& kernel);

// What plots.validate asks of a ledger too: that it fits results/schema/ledger.schema.json, that each cell has a kernel
// and is there once on it, that nodes come after their callers, that split, functions and nodes each add up to the
// cell's instructions, as both sides of differences do. Throws std::invalid_argument with file and place
// of the first thing that is wrong.
void check_ledger(const JsonReader& ledger);

// The ledger.json or ledger.json.gz of a directory that holds one; any other path itself.
std::string find_ledger_file(const std::string& path);

// Reads and checks the ledger in a directory or a file, gzipped or not. Throws std::invalid_argument.
Json load_ledger(const std::string& path);

}  // namespace fanin::harness
