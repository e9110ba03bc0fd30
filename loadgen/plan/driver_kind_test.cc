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

}  // namespace
}  // namespace fanin::load
