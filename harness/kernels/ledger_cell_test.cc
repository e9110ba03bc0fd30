#include "harness/kernels/ledger_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/kernels/subsystems.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kKernel =
    "1000 T entry_SYSCALL_64\n"
    "2000 T do_syscall_64\n"
    "3000 T tcp_sendmsg\n"
    "4000 T __do_softirq\n"
    "5000 T tcp_v4_rcv\n"
    "6000 T __schedule\n"
    "7000 T asm_exc_page_fault\n"
    "8000 T ret_from_fork\n"
    "9000 T do_idle\n";

RawNode kernel_node(std::int64_t parent, std::uint64_t address, std::uint64_t count,
                    Program program = Program::kServer) {
  return {.parent = parent, .program = program, .address = address, .count = count};
}

RawNode user_node(std::uint64_t address, std::uint64_t count, Program program) {
  return {.program = program, .user = true, .address = address, .count = count};
}

// A server that sends, receives in a softirq on its own send, faults there, and switches to the idle task.
RawCell make_cell() {
  RawCell cell{.requests = 4, .switches = {{Program::kServer, 8}}};
  cell.nodes = {
      user_node(0x10, 1, Program::kServer),             // main
      user_node(0x18, 2, Program::kServer),             // main, another block
      user_node(0x10, 4, Program::kGenerator),          // main of another program
      kernel_node(-1, 0x1000, 8),                       // entry_SYSCALL_64
      kernel_node(3, 0x2000, 16),                       // do_syscall_64
      kernel_node(4, 0x3000, 32),                       // tcp_sendmsg
      kernel_node(5, 0x4000, 64),                       // __do_softirq
      kernel_node(6, 0x5000, 128),                      // tcp_v4_rcv
      kernel_node(7, 0x7000, 256),                      // asm_exc_page_fault in it
      kernel_node(4, 0x6000, 512),                      // __schedule
      kernel_node(-1, 0x8000, 1024, Program::kKernel),  // a kernel thread
      kernel_node(-1, 0x9000, 2048, Program::kKernel),  // the idle task
      kernel_node(11, 0x6000, 4096, Program::kKernel),  // __schedule of the idle task
      kernel_node(-1, 0x8000, 8192),                    // a new task of the server on its way to user code
      kernel_node(13, 0x3000, 0),                       // counted outside of the window alone
  };
  for (const RawNode& node : cell.nodes) {
    cell.total += node.count;
  }
  return cell;
}

Json make_result(const RawCell& cell) {
  return ledger_cell(cell, KernelSymbols::parse(kKernel), [](Program, std::uint64_t) { return "main"; });
}

std::uint64_t sum_of(const Json& rows) {
  std::uint64_t sum = 0;
  for (const Json& row : rows) {
    sum += row.at("instructions").get<std::uint64_t>();
  }
  return sum;
}

// The instructions of one row of "split"; 0 without it.
std::uint64_t part(const Json& cell, const char* program, const char* context) {
  for (const Json& row : cell.at("split")) {
    if (row.at("program") == program && row.at("context") == context) {
      return row.at("instructions").get<std::uint64_t>();
    }
  }
  return 0;
}

// Would catch: an instruction that is booked nowhere, or twice.
TEST(LedgerCell, EverySumIsTheTotal) {
  const RawCell cell = make_cell();
  const Json result = make_result(cell);
  EXPECT_EQ(result.at("instructions"), cell.total);
  EXPECT_EQ(sum_of(result.at("split")), cell.total);
  EXPECT_EQ(sum_of(result.at("functions")), cell.total);
  std::uint64_t of_nodes = 0;
  for (const Json& node : result.at("paths").at("nodes")) {
    of_nodes += node.at(3).get<std::uint64_t>();
  }
  EXPECT_EQ(of_nodes, cell.total);
  EXPECT_EQ(result.at("instructions_per_request"), static_cast<double>(cell.total) / 4);
}

// Would catch: the receiver's work booked as the sender's system call, or a page fault of a softirq as its softirq.
TEST(LedgerCell, TheInnermostFrameSaysWhatTheTaskDoes) {
  const Json result = make_result(make_cell());
  EXPECT_EQ(part(result, "server", "user"), 3U);
  EXPECT_EQ(part(result, "generator", "user"), 4U);
  EXPECT_EQ(part(result, "server", "syscall"), 8U + 16 + 32 + 8192);
  EXPECT_EQ(part(result, "server", "softirq"), 64U + 128);
  EXPECT_EQ(part(result, "server", "interrupt"), 256U);
  EXPECT_EQ(part(result, "server", "scheduler"), 512U);
  EXPECT_EQ(part(result, "kernel", "kernel-thread"), 1024U);
  EXPECT_EQ(part(result, "kernel", "idle"), 2048U);
  EXPECT_EQ(part(result, "kernel", "scheduler"), 4096U);
}

TEST(LedgerCell, FunctionsAreSortedAndHaveASubsystem) {
  const Json functions = make_result(make_cell()).at("functions");
  EXPECT_EQ(functions.front(), Json({{"name", "ret_from_fork"},
                                     {"program", "server"},
                                     {"context", "syscall"},
                                     {"subsystem", "entry/exit"},
                                     {"instructions", 8192}}));
  EXPECT_EQ(functions.back(), Json({{"name", "main"},
                                    {"program", "server"},
                                    {"context", "user"},
                                    {"subsystem", "user code"},
                                    {"instructions", 3}}));
}

// Would catch: a function of user code with a frame for each of its blocks, and programs that share one.
TEST(LedgerCell, UserCodeStandsBelowOneFrameOfItsProgram) {
  const Json paths = make_result(make_cell()).at("paths");
  EXPECT_EQ(paths.at("names").at(0), "[user]");
  EXPECT_EQ(paths.at("names").at(1), "main");
  EXPECT_EQ(paths.at("nodes").at(0), Json::array({-1, 0, 0, 0}));
  EXPECT_EQ(paths.at("nodes").at(1), Json::array({0, 1, 0, 3}));
  EXPECT_EQ(paths.at("nodes").at(2), Json::array({-1, 0, 1, 0}));
  EXPECT_EQ(paths.at("nodes").at(3), Json::array({2, 1, 1, 4}));
}

TEST(LedgerCell, SwitchesToProgramsThatNeverRanAreZero) {
  EXPECT_EQ(make_result(make_cell()).at("switches"),
            Json({{"server", 8}, {"generator", 0}, {"kernel", 0}, {"init", 0}}));
}

TEST(LedgerCell, WithoutRequestsThereIsNoCostPerRequest) {
  RawCell cell = make_cell();
  cell.requests = 0;
  EXPECT_TRUE(make_result(cell).at("instructions_per_request").is_null());
}

// Would catch: the first prefix that fits, by which the scheduler's select_task_rq_fair counts as select(2).
TEST(Subsystems, TheLongestPrefixDecides) {
  EXPECT_EQ(subsystem_of("select_task_rq_fair"), "scheduler");
  EXPECT_EQ(subsystem_of("select_estimate_accuracy"), "poll/select");
  EXPECT_EQ(subsystem_of("enqueue_to_backlog"), "sockets/TCP");
  EXPECT_EQ(subsystem_of("enqueue_entity"), "scheduler");
  EXPECT_EQ(subsystem_of("enqueue_hrtimer"), "timers");
  EXPECT_EQ(subsystem_of("io_schedule"), "scheduler");
  EXPECT_EQ(subsystem_of("io_submit_sqes"), "io_uring");
  EXPECT_EQ(subsystem_of("x64_sys_call"), "entry/exit");
}

// The bug: the page faults of a process that the server forks belonged to no subsystem.
TEST(Subsystems, PageFaultsAreMemory) {
  EXPECT_EQ(subsystem_of("filemap_map_pages"), "memory");
  EXPECT_EQ(subsystem_of("next_uptodate_page"), "memory");
  EXPECT_EQ(subsystem_of("do_set_pte"), "memory");
}

TEST(Subsystems, UnderscoresAndTheWrappersOfSystemCallsDoNotMatter) {
  EXPECT_EQ(subsystem_of("__x64_sys_epoll_wait"), "epoll");
  EXPECT_EQ(subsystem_of("__x64_sys_sendto"), "sockets/TCP");
  EXPECT_EQ(subsystem_of("__x64_sys_poll"), "poll/select");
  EXPECT_EQ(subsystem_of("__pollwait"), "poll/select");
  EXPECT_EQ(subsystem_of("___slab_alloc"), "memory");
  EXPECT_EQ(subsystem_of("_raw_spin_lock"), "locks/RCU");
  EXPECT_EQ(subsystem_of("____"), "other");
  EXPECT_EQ(subsystem_of(""), "other");
  EXPECT_EQ(subsystem_of("rb_insert_color"), "other");
}

}  // namespace
}  // namespace fanin::harness
