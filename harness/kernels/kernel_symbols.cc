#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <tuple>

#include "harness/kernels/symbols.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// Symbols of type t that are no functions: bounds of sections, padding, and labels within the entry code, by which a
// system call would seem to begin in several functions.
bool is_label(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"__pfx_", "entry_SYSCALL_64_", "entry_SYSRETQ_", "native_irq_return_"};
  constexpr std::string_view kSuffixes[] = {"_text_start", "_text_end", "_thunk_start", "_thunk_end"};
  constexpr std::string_view kNames[] = {"_text", "_stext", "_etext", "restore_regs_and_return_to_kernel"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto each) { return name.starts_with(each); }) ||
         std::any_of(std::begin(kSuffixes), std::end(kSuffixes), [&](auto each) { return name.ends_with(each); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

struct KernelSymbol {
  std::uint64_t address = 0;
  char type = '?';
  std::string_view name;

  bool is_function() const { return std::string_view("tTwW").find(type) != std::string_view::npos && !is_label(name); }
  // Of the names of one address, the lowest is kept: a global one, the shortest ("memcpy", not "__memcpy").
  auto rank() const {
    return std::tuple(name == "swapgs_restore_regs_and_return_to_usermode", type == 't', name.size(), name);
  }
};

// "ffffffff81000000 T name"; a module's line goes on with a tab and its name.
KernelSymbol parse_symbol(std::string_view line) {
  const auto space = line.find(' ');
  KernelSymbol symbol;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), symbol.address, 16);
  if (error != std::errc() || space == std::string_view::npos || stop != line.data() + space ||
      line.size() < space + 4 || line[space + 2] != ' ') {
    throw std::runtime_error(fmt::format("kallsyms: '{}' is no line 'address type name'", os::printable(line, 60)));
  }
  symbol.type = line[space + 1];
  symbol.name = line.substr(space + 3);
  return symbol;
}

}  // namespace

KernelSymbols KernelSymbols::parse(std::string_view kallsyms) {
  std::map<std::uint64_t, KernelSymbol> best;
  while (!kallsyms.empty()) {
    const std::string_view line = kallsyms.substr(0, kallsyms.find('\n'));
    kallsyms.remove_prefix(std::min(line.size() + 1, kallsyms.size()));
    if (line.empty() || line.find('\t') != std::string_view::npos) {
      continue;
    }
    const KernelSymbol symbol = parse_symbol(line);
    if (!symbol.is_function() || symbol.address == 0) {
      continue;
    }
    const auto [place, is_new] = best.emplace(symbol.address, symbol);
    if (!is_new && symbol.rank() < place->second.rank()) {
      place->second = symbol;
    }
  }
  if (best.empty()) {
    throw std::runtime_error("kallsyms: it holds no function with an address: read /proc/kallsyms as root");
  }
  KernelSymbols symbols;
  for (const auto& [address, symbol] : best) {
    symbols.functions_.emplace_hint(symbols.functions_.end(), address, symbol.name);
  }
  return symbols;
}

std::string KernelSymbols::name_of(std::uint64_t address) const {
  const auto next = functions_.upper_bound(address);
  constexpr std::uint64_t kLargestFunction = 1U << 20U;  // what is farther away belongs to a module or to BPF
  return next == functions_.begin() || address - std::prev(next)->first >= kLargestFunction ? "[no symbol]"
                                                                                            : std::prev(next)->second;
}

std::string KernelSymbols::plugin_file() const {
  std::string text;
  for (const auto& [address, name] : functions_) {
    fmt::format_to(std::back_inserter(text), "{:x} {}\n", address, name);
  }
  return text;
}

}  // namespace fanin::harness
