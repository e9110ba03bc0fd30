#include "harness/kernels/timer_interrupts.h"

#include <gtest/gtest.h>

#include "harness/kernels/ledger_cell.h"
#include "harness/kernels/ledger_fixture.h"

namespace fanin::harness {
namespace {

RawCell counted(std::uint64_t ticks) {
  // entry_SYSCALL_64 > f > the interrupt > handle_softirqs > g; and user code that calls g no more.
  RawCell cell{.requests = 10, .total = 1000 + 7 * ticks, .switches = {}, .nodes = {}};
  cell.nodes = {{-1, Program::kServer, false, 0x1000, 400},
                {0, Program::kServer, false, 0x2000, 600},
                {1, Program::kServer, false, 0x3000, 1 * ticks},
                {2, Program::kServer, false, 0x4000, 2 * ticks},
                {3, Program::kServer, false, 0x2000, 4 * ticks}};
  return cell;
}

Json make_cell(std::uint64_t ticks) {
  const KernelSymbols symbols = KernelSymbols::parse(
      "0000000000001000 T entry_SYSCALL_64\n0000000000002000 T f\n0000000000003000 T asm_sysvec_apic_timer_interrupt\n"
      "0000000000004000 T handle_softirqs\n");
  Json cell = make_counted_cell("echo/epoll/1", "6.12", {{-1, "f", 1}});
  cell.update(ledger_cell(counted(ticks), symbols, [](Program, std::uint64_t) { return "user"; }));
  return cell;
}

// Would catch: a tick more in a window that is taken for a change of the server, or a function that is lost because an
// interrupt called it too.
TEST(TimerInterrupts, AreTakenOutWithAllThatTheyCall) {
  Json cell = make_cell(100);
  EXPECT_EQ(exclude_timer_interrupts(cell), 700U);
  Json quiet = make_cell(0);
  EXPECT_EQ(exclude_timer_interrupts(quiet), 0U);
  for (const char* key : {"instructions", "instructions_per_request", "split", "functions"}) {
    EXPECT_EQ(cell.at(key), quiet.at(key)) << key;
  }
  EXPECT_EQ(cell.at("instructions"), 1000);
}

// Would catch: sums that no longer add up.
TEST(TimerInterrupts, LeaveAValidCell) {
  Json cell = make_cell(100);
  exclude_timer_interrupts(cell);
  const Json ledger = make_ledger({make_kernel("6.12")}, {cell});
  EXPECT_EQ(ledger.at("cells").at(0).at("split").size(), 1U);
  std::uint64_t sum = 0;
  for (const Json& node : ledger.at("cells").at(0).at("paths").at("nodes")) {
    sum += node.at(3).get<std::uint64_t>();
  }
  EXPECT_EQ(sum, 1000U);
}

}  // namespace
}  // namespace fanin::harness
