#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

struct FreePattern {
  void operator()(pcre2_code* code) const noexcept { ::pcre2_code_free(code); }
};

struct Compiled {
  std::unique_ptr<pcre2_code, FreePattern> code;  // null where `problem` is not empty
  std::string problem;
};

PCRE2_SPTR as_bytes(const std::string& text) { return reinterpret_cast<PCRE2_SPTR>(text.c_str()); }

Compiled compile_pattern(const std::string& pattern, std::uint32_t options) {
  int error = 0;
  PCRE2_SIZE at = 0;
  Compiled compiled;
  compiled.code.reset(::pcre2_compile(as_bytes(pattern), pattern.size(), options, &error, &at, nullptr));
  if (!compiled.code) {
    std::array<PCRE2_UCHAR, 256> text{};
    ::pcre2_get_error_message(error, text.data(), text.size());
    compiled.problem = fmt::format("{} at character {}", reinterpret_cast<const char*>(text.data()), at + 1);
  }
  return compiled;
}

}  // namespace

bool matches_pattern(const std::string& pattern, const std::string& text) {
  const Compiled compiled = compile_pattern(pattern, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY);
  if (!compiled.code) {
    throw std::logic_error(fmt::format("a schema has a pattern that is none: {}", pattern));
  }
  pcre2_match_data* const data = ::pcre2_match_data_create_from_pattern(compiled.code.get(), nullptr);
  const int found = ::pcre2_match(compiled.code.get(), as_bytes(text), text.size(), 0, 0, data, nullptr);
  ::pcre2_match_data_free(data);
  return found >= 0;
}

std::string why_no_pattern(const std::string& pattern) { return compile_pattern(pattern, 0).problem; }

}  // namespace fanin::harness
