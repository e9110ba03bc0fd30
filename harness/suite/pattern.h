#pragma once

#include <string>

namespace fanin::harness {

// Whether a text has the form that the word "pattern" of a schema asks for. As ECMA-262 has it, $ is the end alone.
// Throws std::logic_error for a pattern that is none.
bool matches_pattern(const std::string& pattern, const std::string& text);

// What is wrong with a regular expression as fanin-load takes it (PCRE2, over bytes); empty: nothing.
std::string why_no_pattern(const std::string& pattern);

}  // namespace fanin::harness
