#include "harness/kernels/guest_cells.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using guest::FrameType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Suite kernel_suite() {
  return parse_suite(
      Json::parse(
          R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"warmup":"0s","servers":[
              {"name":"epoll","model":"epoll","args":["--read-cap","1024"]},{"name":"mine","command":["./mine","{port}"]}],
              "experiments":[{"name":"echo","servers":["*"],"workload":{"protocol":"echo","requests":750},
              "sweep":{"parameter":"connections","values":[1]}}]})"),
      "s.json");
}

struct Judged {
  Suite suite = kernel_suite();
  std::vector<Cell> cells = make_cells(suite);
  BootResult boot;

  GuestOutcome judge(std::size_t cell = 0) { return judge_guest_cell(boot, 0, cells[cell], suite.servers[cell]); }
  void add(FrameType type, const std::string& bytes, std::uint32_t cell = 0) {
    boot.frames.push_back({type, cell, bytes});
  }
};

constexpr const char* kGoodLoad = R"({"requests":{"sent":750,"completed":750,"failed":0,"unanswered":0}})";

// Would catch: a guest that measures something else than `fanin run` does of the same suite.
TEST(GuestCells, HaveTheCommandLinesOfARun) {
  const Suite suite = kernel_suite();
  const guest::GuestCell cell = make_guest_cell(make_cells(suite).front(), suite.servers.front(), 7);
  EXPECT_THAT(cell.server,
              ElementsAre("/bin/fanin-server", "epoll", "--port", "0", "--protocol", "echo", "--read-cap", "1024"));
  EXPECT_THAT(cell.generator, Contains("{target}"));
  EXPECT_THAT(cell.generator, Contains("750"));
  EXPECT_THAT(cell.generator, ::testing::Not(Contains("--duration")));
  EXPECT_EQ(cell.generator[1], guest::kTargetWord);
}

TEST(GuestOutcomes, PassACellWhoseRequestsAllGotTheirReply) {
  Judged judged;
  judged.add(FrameType::kLoad, kGoodLoad);
  judged.add(FrameType::kServerMaps, "maps");
  EXPECT_EQ(judged.judge().status, "ok");
  EXPECT_EQ(judged.judge().server_maps, "maps");
}

// Would catch: a count over requests that failed, or a cell of a guest that panicked, taken for a measurement.
TEST(GuestOutcomes, TellWhyACellFailed) {
  Judged judged;
  EXPECT_EQ(judged.judge().reason, "the guest sent no result");
  judged.add(
      FrameType::kLoad,
      R"({"requests":{"sent":750,"completed":700,"failed":50,"unanswered":0},"verdict":{"reasons":[{"text":"reset"}]}})");
  EXPECT_EQ(judged.judge().reason, "50 of 750 requests failed: reset");
  judged.add(FrameType::kError, "the server ended");
  EXPECT_EQ(judged.judge().reason, "the server ended");
  judged.boot.failure = "Kernel panic";
  EXPECT_EQ(judged.judge().reason, "Kernel panic");
  EXPECT_EQ(judged.judge().status, "failed");
}

// The bug: a guest without memory for 3,000 processes lost a part of the idle connections, and the cell was counted.
TEST(GuestOutcomes, ACellWithoutItsConnectionsFailed) {
  Judged judged;
  judged.add(FrameType::kLoad, R"({"requests":{"sent":750,"completed":750,"failed":0,"unanswered":0},
      "verdict":{"reasons":[{"code":"few-samples","text":"few"},{"code":"lost-idle","text":"the server closed 9"}]}})");
  EXPECT_EQ(judged.judge().status, "failed");
  EXPECT_EQ(judged.judge().reason, "the server closed 9");
}

// Would catch: a kernel without io_uring whose cells count as failed, and a result of another cell of the same boot.
TEST(GuestOutcomes, SayWhatTheKernelDoesNotSupport) {
  Judged judged;
  judged.add(FrameType::kLoad, kGoodLoad, 1);
  EXPECT_EQ(judged.judge().status, "failed");
  judged.add(FrameType::kCatalogue,
             R"({"schema_version":1,"models":[{"name":"epoll","summary":"s","kind":"model","supported":false,
                 "reason":"no epoll","protocols":["echo"]}]})",
             guest::kNoCell);
  EXPECT_EQ(judged.judge().status, "unsupported");
  EXPECT_EQ(judged.judge().reason, "no epoll");
  EXPECT_EQ(judged.judge(1).reason, "only models run in a guest");
}

// Would catch: KiB taken for bytes; a difference the wrong way around; a figure where a reading is missing.
TEST(GuestMemory, IsWhatTheConnectionsAdded) {
  const std::string before = "Slab:  100 kB\nKernelStack: 16 kB\nPageTables: 8 kB\n";
  const std::string connected = "Slab:  180 kB\nKernelStack: 32 kB\nPageTables: 8 kB\n";
  const Json readings{{"before", {{"meminfo", before}}}, {"connected", {{"meminfo", connected}}}};
  EXPECT_EQ(measure_guest_memory(readings.dump(), 10),
            (Json{{"connections", 10}, {"slab_bytes", 81920}, {"stack_bytes", 16384}, {"page_table_bytes", 0}}));
  EXPECT_EQ(measure_guest_memory(R"({"before":{"meminfo":"Slab: 1 kB"}})", 10), nullptr);
  EXPECT_EQ(measure_guest_memory("", 10), nullptr);
}

}  // namespace
}  // namespace fanin::harness
