#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace fanin::ledger {

// A function of the kernel, with what the ledger has to know of its name.
struct Function {
  std::uint64_t address = 0;
  bool is_entry = false;     // system calls, interrupts and exceptions begin at its address
  bool is_stub = false;      // interrupts begin anywhere in it; it continues with a jump to an entry
  bool is_task_end = false;  // whoever calls it never runs again
  bool is_switch = false;    // __switch_to_asm
};

// The kernel's symbols, sorted by address. Addresses of functions stay valid as long as the object. One thread.
class KernelFunctions {
 public:
  // Lines of a hexadecimal address and a name. Throws std::invalid_argument, with the number of the line.
  explicit KernelFunctions(std::string_view text);
  KernelFunctions(const KernelFunctions&) = delete;
  KernelFunctions& operator=(const KernelFunctions&) = delete;

  // The function that an address belongs to. Code without symbols (modules, BPF) is one function for each 2 MiB.
  const Function& find(std::uint64_t address);

 private:
  std::vector<Function> functions_;
  std::deque<Function> unnamed_;
};

}  // namespace fanin::ledger
