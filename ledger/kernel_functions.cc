#include "ledger/kernel_functions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

namespace fanin::ledger {
namespace {

constexpr std::uint64_t kLargestFunction = 1U << 20U;
constexpr std::uint64_t kUnnamedPart = 1U << 21U;

Function describe(std::uint64_t address, std::string_view name) {
  constexpr std::array<std::string_view, 4> kEntries{"entry_SYSCALL_64", "entry_SYSCALL_compat", "asm_common_interrupt",
                                                     "asm_spurious_interrupt"};
  Function function{.address = address};
  function.is_stub = name == "irq_entries_start" || name == "spurious_entries_start";
  function.is_entry = function.is_stub || name.starts_with("asm_sysvec_") || name.starts_with("asm_exc_") ||
                      name.starts_with("asm_int80") ||
                      std::find(kEntries.begin(), kEntries.end(), name) != kEntries.end();
  function.is_task_end = name == "do_task_dead";
  function.is_switch = name == "__switch_to_asm";
  return function;
}

Function parse_line(std::string_view line, std::size_t number) {
  std::uint64_t address = 0;
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, address, 16);
  if (error != std::errc{} || end - rest < 2 || *rest != ' ') {
    throw std::invalid_argument("line " + std::to_string(number) + " is not a hexadecimal address and a name");
  }
  return describe(address, std::string_view(rest + 1, static_cast<std::size_t>(end - rest) - 1));
}

}  // namespace

KernelFunctions::KernelFunctions(std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    functions_.push_back(parse_line(line, number));
  }
  std::stable_sort(functions_.begin(), functions_.end(),
                   [](const Function& a, const Function& b) { return a.address < b.address; });
  // Of several names of one address each may say something.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < functions_.size(); ++i) {
    const Function& alias = functions_[i];
    if (alias.address != functions_[kept].address) {
      functions_[++kept] = alias;
      continue;
    }
    functions_[kept].is_entry |= alias.is_entry;
    functions_[kept].is_stub |= alias.is_stub;
    functions_[kept].is_task_end |= alias.is_task_end;
    functions_[kept].is_switch |= alias.is_switch;
  }
  functions_.resize(std::min(functions_.size(), kept + 1));
  if (std::none_of(functions_.begin(), functions_.end(), [](const Function& each) { return each.is_switch; })) {
    throw std::invalid_argument("__switch_to_asm is missing: these are not the symbols of a kernel for x86-64");
  }
}

const Function& KernelFunctions::find(std::uint64_t address) {
  const auto after = std::upper_bound(functions_.begin(), functions_.end(), address,
                                      [](std::uint64_t value, const Function& each) { return value < each.address; });
  if (after != functions_.begin() && address - std::prev(after)->address < kLargestFunction) {
    return *std::prev(after);
  }
  const std::uint64_t part = address / kUnnamedPart * kUnnamedPart;
  const auto known =
      std::find_if(unnamed_.begin(), unnamed_.end(), [part](const Function& each) { return each.address == part; });
  return known != unnamed_.end() ? *known : unnamed_.emplace_back(Function{.address = part});
}

}  // namespace fanin::ledger
