#include "loadgen/runs/headroom.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fanin::load {
namespace {

LoadPlan plan_with(std::uint32_t connections, std::uint32_t idle, DriverKind driver = DriverKind::kEpoll) {
  LoadPlan plan;
  plan.target = net::Address::parse("127.0.0.1", 1);
  plan.driver = driver;
  plan.connections = connections;
  plan.threads = driver == DriverKind::kThreads ? connections : 1;
  plan.idle = idle;
  return plan;
}

// 1000 descriptors with 34 reserved: 966 connections per table.
Headroom room_with(bool tables_per_thread) { return {.descriptors = 1000, .tables_per_thread = tables_per_thread}; }

std::string refusal(LoadPlan plan, bool threads_given, const Headroom& room) {
  try {
    spread_over_threads(plan, threads_given, room);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Headroom, APlanThatFitsIsUnchanged) {
  LoadPlan plan = plan_with(900, 66);
  spread_over_threads(plan, false, room_with(true));
  EXPECT_EQ(plan.threads, 1U);
  EXPECT_EQ(plan.idle_threads, 0U);
}

TEST(Headroom, IdleConnectionsGetLoopsOfTheirOwn) {
  LoadPlan plan = plan_with(100, 966 * 3 + 1);
  spread_over_threads(plan, false, room_with(true));
  EXPECT_EQ(plan.threads, 1U);
  EXPECT_EQ(plan.idle_threads, 4U);
}

TEST(Headroom, ActiveConnectionsGetMoreLoops) {
  LoadPlan plan = plan_with(967, 0);
  spread_over_threads(plan, false, room_with(true));
  EXPECT_EQ(plan.threads, 2U);
}

// Would catch: more threads than --threads asks for.
TEST(Headroom, AGivenNumberOfThreadsIsKept) {
  EXPECT_NE(refusal(plan_with(967, 0), true, room_with(true)).find("a thread may hold 1000 descriptors"),
            std::string::npos);
}

TEST(Headroom, WithOneTableForAllTheLimitBinds) {
  EXPECT_EQ(refusal(plan_with(966, 0), false, room_with(false)), "");
  EXPECT_NE(refusal(plan_with(967, 0), false, room_with(false)).find("this process may hold 1000 descriptors"),
            std::string::npos);
}

TEST(Headroom, BlockingThreadsNeedOneDescriptorEach) {
  LoadPlan plan = plan_with(5000, 10, DriverKind::kThreads);
  spread_over_threads(plan, false, room_with(true));
  EXPECT_EQ(plan.threads, 5000U);
  EXPECT_EQ(plan.idle_threads, 1U);
}

TEST(Headroom, FilesOfTheWholeMachineCountTwicePerConnection) {
  Headroom room = room_with(true);
  room.files = 1999;
  EXPECT_NE(refusal(plan_with(10, 990), false, room).find("fs.file-max"), std::string::npos);
  room.files = 2000;
  EXPECT_EQ(refusal(plan_with(10, 990), false, room), "");
}

TEST(Headroom, ConnectionsThatExceedTheMemoryAreRefused) {
  Headroom room = room_with(true);
  room.memory_bytes = 1'000'000;
  EXPECT_NE(refusal(plan_with(10, 990), false, room).find("MiB are available"), std::string::npos);
}

// Would catch: pipelined requests that fill the memory until the OOM killer ends the process.
TEST(Headroom, RequestsInFlightAreCountedToo) {
  Headroom room = room_with(true);
  room.memory_bytes = 1'000'000'000;
  LoadPlan plan = plan_with(2, 0);
  plan.pipeline = 500;
  plan.request_bytes = 1'000'000;
  EXPECT_EQ(refusal(plan, false, room), "");
  plan.pipeline = 501;
  EXPECT_EQ(refusal(plan, false, room),
            "2 connections with 501 requests of 1000000 bytes in flight do not fit: they need about 956 MiB of memory "
            "and 954 MiB are available; ask for fewer or smaller ones (--connections, --pipeline, --payload-bytes)");
}

}  // namespace
}  // namespace fanin::load
