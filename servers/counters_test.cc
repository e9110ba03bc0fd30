#include "servers/counters.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace fanin::server {
namespace {

// A child that closes `connections` and sleeps, as a worker that publishes after each connection.
void run_worker(std::uint64_t connections) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    begin_child_counts();
    for (std::uint64_t i = 0; i < connections; ++i) {
      count(Count::kClosedByPeer);
      publish_counts();
    }
    ::usleep(1000);
    publish_process_counts();
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

// Would catch: the counts of a parent in those of its child; context switches that end with the process that had them;
// events that the classes of the histogram only bound.
TEST(Counters, AddUpAllProcesses) {
  share_totals();
  tally = {};
  count(Count::kClosedByServer);  // the parent's own
  run_worker(2);
  run_worker(5);
  count_wait(3);
  count_wait(0);
  count_wait(-1);
  count_wait(40);
  publish_process_counts();
  const auto totals = nlohmann::json::parse(totals_json());
  EXPECT_EQ(totals["connections"]["closed_by_peer"], 7);
  EXPECT_EQ(totals["connections"]["closed_by_server"], 1);
  EXPECT_EQ(totals["syscalls"]["wait"], 4);
  EXPECT_EQ(totals["events"]["returned"], 43);
  EXPECT_EQ(totals["events_per_wait"], nlohmann::json::parse("[[0,2],[2,1],[32,1]]"));
  EXPECT_GE(totals["switches"]["voluntary"], 2);  // each child slept once
}

}  // namespace
}  // namespace fanin::server
