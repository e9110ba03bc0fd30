#pragma once

#include <cstddef>
#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Whether a document says that it is a result of `fanin claims`.
bool is_claims_result(const Json& document);

// The result in a directory of fanin claims; any other path as it is.
std::string find_claims_file(const std::string& path);

// Checks that a result fits its schema, that the verdicts of cases follow from their intervals and thresholds, those of
// tests from their cases and those of claims from their tests, and that the summary counts them. Returns the number of
// claims. Throws std::invalid_argument with the place of what is wrong.
std::size_t check_claims_result(const JsonReader& reader);

}  // namespace fanin::harness
