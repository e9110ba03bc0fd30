#define PCRE2_CODE_UNIT_WIDTH 8
#include "harness/suite/schema_pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <memory>
#include <stdexcept>

namespace fanin::harness {
namespace {

struct FreePattern {
  void operator()(pcre2_code* code) const noexcept { ::pcre2_code_free(code); }
};

}  // namespace

bool matches_pattern(const std::string& pattern, const std::string& text) {
  int error = 0;
  PCRE2_SIZE at = 0;
  const std::unique_ptr<pcre2_code, FreePattern> code(::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.c_str()),
                                                                      pattern.size(), PCRE2_UTF | PCRE2_DOLLAR_ENDONLY,
                                                                      &error, &at, nullptr));
  if (!code) {
    throw std::logic_error(fmt::format("a schema has a pattern that is none: {}", pattern));
  }
  pcre2_match_data* const data = ::pcre2_match_data_create_from_pattern(code.get(), nullptr);
  const auto* const bytes = reinterpret_cast<PCRE2_SPTR>(text.c_str());
  const int found = ::pcre2_match(code.get(), bytes, text.size(), 0, 0, data, nullptr);
  ::pcre2_match_data_free(data);
  return found >= 0;
}

}  // namespace fanin::harness
