#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <deque>
#include <sstream>
#include <string>

namespace fanin::ledger {
namespace {

constexpr std::uint64_t kKernelText = 0xffffffff81000000;
constexpr std::uint64_t kServerTask = 0xffff888001000000;
constexpr std::uint64_t kGeneratorTask = 0xffff888002000000;
constexpr std::uint64_t kThread = 0xffff888003000000;  // of the kernel

// A guest whose blocks have ten instructions each. Windows skip one reply and count one.
class LedgerTest : public testing::Test {
 protected:
  void run(const Function* function, std::optional<Program> program = std::nullopt, std::uint64_t address = 0x401000) {
    const std::uint64_t start = function == nullptr ? address : function->address;
    blocks_.push_back(
        {.start = start, .end = start + 0x10, .instructions = 10, .function = function, .program = program});
    ledger_.enter(blocks_.back(), now_);
    now_ += 10;
  }
  void run_program(Program program) { run(nullptr, program); }
  // The last three instructions of the block are on the new stack.
  void switch_to(std::uint64_t task) {
    run(&switch_);
    ledger_.switch_to(task, now_ - 3);
  }
  // The marker is the last instruction but one of the block.
  void reply() {
    run_program(Program::kGenerator);
    ledger_.mark(Marker::kReply, now_ - 2);
  }
  void start() {
    switch_to(kServerTask);
    run_program(Program::kServer);
    switch_to(kGeneratorTask);
    run_program(Program::kGenerator);
    ledger_.mark(Marker::kCellBegins, now_);
  }
  std::string output() {
    ledger_.finish(now_);
    return out_.str();
  }

  Function entry_{.address = kKernelText, .is_entry = true};
  Function f_{.address = kKernelText + 0x100};
  Function switch_{.address = kKernelText + 0x200, .is_switch = true};
  Function dead_{.address = kKernelText + 0x300, .is_task_end = true};
  std::ostringstream out_;
  Ledger ledger_{1, 1, out_};
  std::uint64_t now_ = 0;
  std::deque<Block> blocks_;
};

// Expected by hand: of the reply's blocks 2 and 8 instructions are in the window, between them 10 of the entry; the
// switch takes 7 and 3, twice. Would catch: instructions before or after the window, or of one side booked on the
// other.
TEST_F(LedgerTest, WritesWhatTheWindowHolds) {
  start();
  reply();
  run(&entry_);
  switch_to(kServerTask);
  run_program(Program::kServer);
  run(&entry_);
  switch_to(kGeneratorTask);
  reply();
  run(&f_);
  EXPECT_EQ(output(),
            "fanin-ledger-raw 1\n"
            "cell 0 1 60\n"
            "switches server 1\n"
            "switches generator 1\n"
            "switches kernel 0\n"
            "switches init 0\n"
            "node 0 - server k ffffffff81000200 3\n"
            "node 1 - server u 401000 10\n"
            "node 2 - server k ffffffff81000000 10\n"
            "node 3 2 server k ffffffff81000200 7\n"
            "node 4 - generator u 401000 10\n"
            "node 5 - generator k ffffffff81000000 10\n"
            "node 6 5 generator k ffffffff81000200 10\n"
            "end\n");
}

// Would catch: a check that counts its first marker twice, or that is mixed up with a cell.
TEST_F(LedgerTest, ChecksTheCount) {
  ledger_.mark(Marker::kCheckEnds, 3);
  ledger_.mark(Marker::kCheckBegins, 7);
  ledger_.mark(Marker::kCheckEnds, 107);
  EXPECT_EQ(output(), "fanin-ledger-raw 1\ncheck 100\nend\n");
}

// Would catch: a cell that breaks off, reported with the counts of the one before, or not at all.
TEST_F(LedgerTest, ACellThatBreaksOffIsReported) {
  start();
  reply();
  reply();
  ledger_.mark(Marker::kCellBegins, now_);
  ledger_.mark(Marker::kCellEnds, now_);
  ledger_.mark(Marker::kCellBegins, now_);
  reply();
  run(&f_);
  const std::string text = output();
  EXPECT_NE(text.find("cell 0 1 10\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("cell 1 0 0\nswitches server 0\nswitches generator 0\nswitches kernel 0\nswitches init 0\ncell 2"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("cell 2 0 12\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("node 0 - generator u 401000 2\nnode 1 - generator k ffffffff81000100 10\nend\n")) << text;
}

// Would catch: what a new thread of the server does before its first own instruction, booked on the kernel.
TEST_F(LedgerTest, ATaskIsBookedOnItsProgramFromItsBeginning) {
  start();
  reply();
  switch_to(kThread);
  run(&f_);
  run(nullptr, std::nullopt, 0x7ffff7e00000);
  run_program(Program::kServer);
  switch_to(kGeneratorTask);
  reply();
  const std::string text = output();
  EXPECT_NE(text.find("switches server 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switches kernel 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" server u 7ffff7e00000 10\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(" kernel k "), std::string::npos) << text;
}

// Would catch: kernel threads and unknown programs booked on whoever ran before.
TEST_F(LedgerTest, OtherTasksAreTheKernelsOrInits) {
  start();
  reply();
  switch_to(kThread);
  run(&f_);
  switch_to(kThread + 0x1000);
  run(nullptr, std::nullopt, 0x7ffff7e00000);
  switch_to(kGeneratorTask);
  reply();
  const std::string text = output();
  EXPECT_NE(text.find("switches kernel 1\nswitches init 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" kernel k ffffffff81000100 10\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" init u 7ffff7e00000 10\n"), std::string::npos) << text;
}

// Would catch: a kernel thread taken for the server, because a thread of the server that has ended had its address.
TEST_F(LedgerTest, ATaskThatEndsLeavesItsAddress) {
  start();
  switch_to(kThread);
  run_program(Program::kServer);
  run(&dead_);
  switch_to(kGeneratorTask);
  run_program(Program::kGenerator);
  reply();
  switch_to(kThread);
  run(&f_);
  switch_to(kGeneratorTask);
  reply();
  const std::string text = output();
  EXPECT_NE(text.find("switches server 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("switches kernel 1\n"), std::string::npos) << text;
}

// Would catch: the call at the end of a block that an exception left after some instructions.
TEST_F(LedgerTest, ABlockThatWasLeftIsNoCall) {
  start();
  reply();
  const Block call{.start = kKernelText + 0x110,
                   .end = kKernelText + 0x120,
                   .instructions = 10,
                   .exit = Exit::kCall,
                   .function = &f_};
  run(&entry_);
  ledger_.enter(call, now_);
  now_ += 4;
  run(&f_);
  ledger_.enter(call, now_);
  now_ += 10;
  run(&dead_);
  reply();
  const std::string text = output();
  EXPECT_NE(text.find("cell 0 1 54\n"), std::string::npos) << text;
  EXPECT_NE(text.find("node 2 1 generator k ffffffff81000100 24\nnode 3 2 generator k ffffffff81000300 10\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace fanin::ledger
