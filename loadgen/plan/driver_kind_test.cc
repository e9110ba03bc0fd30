#include "loadgen/plan/driver_kind.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::load {
namespace {

TEST(Driver, AWishIsGranted) {
  EXPECT_EQ(choose_driver("epoll", {}).kind, DriverKind::kEpoll);
  EXPECT_EQ(choose_driver("io-uring", {}).kind, DriverKind::kUring);
  EXPECT_EQ(choose_driver("threads", "no io_uring").kind, DriverKind::kThreads);
}

// Would catch: a silent fallback, after which nobody knows what was measured.
TEST(Driver, WithoutIoUringAutoFallsBackWithAWord) {
  EXPECT_EQ(choose_driver("auto", {}).kind, DriverKind::kUring);
  const DriverChoice choice = choose_driver("auto", "forbidden here");
  EXPECT_EQ(choice.kind, DriverKind::kEpoll);
  EXPECT_EQ(choice.reason, "forbidden here");
}

TEST(Driver, WhatCannotBeGrantedIsRefused) {
  EXPECT_THROW(choose_driver("io-uring", "forbidden here"), std::invalid_argument);
  EXPECT_THROW(choose_driver("kqueue", {}), std::invalid_argument);
}

IdleStrategy chosen(const IdleStrategyInputs& inputs) { return choose_idle_strategy(inputs).kind; }

TEST(ChooseIdleStrategy, SpinsInAnOpenLoopWithACpuOfItsOwn) {
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {1}, .server_cpus = {0}, .pinned = true}), IdleStrategy::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0, 1}, .server_cpus = {0, 1}}), IdleStrategy::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {1}, .pinned = true}), IdleStrategy::kSpin);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1, 2}}), IdleStrategy::kSpin);
  // The bug: "has a CPU to itself" next to preemptions by other programs.
  EXPECT_EQ(choose_idle_strategy({.open_loop = true, .own_cpus = {1}, .pinned = true}).reason,
            "there are CPUs enough for every event loop (CPU 1)");
}

// Would catch: a generator that spins the server off its only CPU.
TEST(ChooseIdleStrategy, SleepsWhereTheServerNeedsTheCpu) {
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0}, .server_cpus = {0}}), IdleStrategy::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .own_cpus = {0}}), IdleStrategy::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1}}), IdleStrategy::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .threads = 2, .own_cpus = {0, 1}, .server_cpus = {0}}), IdleStrategy::kSleep);
  EXPECT_EQ(chosen({.open_loop = true}), IdleStrategy::kSleep);
}

TEST(ChooseIdleStrategy, SleepsInAClosedLoopAndWithAThreadPerConnection) {
  EXPECT_EQ(chosen({.own_cpus = {1}, .server_cpus = {0}}), IdleStrategy::kSleep);
  EXPECT_EQ(chosen({.open_loop = true, .event_loops = false, .own_cpus = {0, 1}}), IdleStrategy::kSleep);
}

TEST(ChooseIdleStrategy, AWishIsGrantedOrRefused) {
  EXPECT_EQ(chosen({.requested = "spin", .own_cpus = {0}}), IdleStrategy::kSpin);
  EXPECT_EQ(chosen({.requested = "sleep", .open_loop = true, .own_cpus = {0, 1}}), IdleStrategy::kSleep);
  EXPECT_THROW(chosen({.requested = "spin", .event_loops = false}), std::invalid_argument);
  EXPECT_THROW(chosen({.requested = "doze"}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::load
