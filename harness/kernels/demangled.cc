#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "harness/kernels/symbols.h"

namespace fanin::harness {
namespace {

// Where the arguments begin, which end the name: the bracket that belongs to the last ')'; npos: there are none.
std::size_t find_arguments(std::string_view name) {
  std::size_t depth = 0;
  for (std::size_t i = name.rfind(')'); i < name.size(); --i) {  // below 0 is beyond the size
    depth += name[i] == ')' ? 1 : 0;
    if (name[i] == '(' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Where the name itself begins: after the last blank outside of all brackets, which ends the return type of a template.
// The name of an operator may hold blanks and brackets of its own.
std::size_t find_name(std::string_view name) {
  const std::size_t end = std::min(name.find("operator"), name.size());
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < end; ++i) {
    const bool opens = name[i] == '<' || name[i] == '(' || name[i] == '{';
    const bool closes = name[i] == '>' || name[i] == ')' || name[i] == '}';
    depth += opens ? 1 : closes ? -1 : 0;
    if (name[i] == ' ' && depth == 0) {
      begin = i + 1;
    }
  }
  return begin;
}

// Spellings of the compiler that only make a name longer.
std::string shortened(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kSpellings[] = {
      {"[abi:cxx11]", ""},
      {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
  };
  for (const auto& [spelling, now] : kSpellings) {
    for (auto at = name.find(spelling); at != std::string::npos; at = name.find(spelling, at)) {
      name.replace(at, spelling.size(), now);
    }
  }
  return name;
}

}  // namespace

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  if (status != 0 || text == nullptr || !symbol.starts_with("_Z")) {  // "f" alone would be the type float
    return symbol;
  }
  const std::string whole = shortened(text.get());
  const std::string_view name = std::string_view(whole).substr(0, find_arguments(whole));
  return std::string(name.substr(find_name(name)));
}

}  // namespace fanin::harness
