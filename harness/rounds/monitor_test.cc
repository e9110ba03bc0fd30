#include "harness/rounds/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "os/child_process.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(Procfs, ReadsLabels) {
  const std::string text = "Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t7\nRss:   2048 kB\n";
  EXPECT_EQ(os::find_labelled_number(text, "voluntary_ctxt_switches"), 12U);
  EXPECT_EQ(os::find_labelled_number(text, "nonvoluntary_ctxt_switches"), 7U);
  EXPECT_EQ(os::find_labelled_number(text, "Rss"), 2048U);
  EXPECT_EQ(os::find_labelled_number(text, "Pss"), std::nullopt);
  EXPECT_EQ(os::find_labelled_number(text, "Name"), std::nullopt);
}

// Would catch: fields counted from the left, which a program called "a) b (c" shifts.
TEST(Procfs, ReadsReapedTimeBehindAnAwkwardName) {
  const auto reaped = os::parse_reaped_time("4711 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 111 222 333 444 20 0 1 0");
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->user, 3330ms);
  EXPECT_EQ(reaped->system, 4440ms);
  EXPECT_FALSE(os::parse_reaped_time("4711 (a) S 1 2"));
}

TEST(Procfs, ReadsNetstat) {
  const auto values = os::parse_netstat("TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 17\nIp: A\nIp: -1\n");
  EXPECT_EQ(values.at("TcpExt.ListenOverflows"), 17);
  EXPECT_EQ(values.at("TcpExt.SyncookiesSent"), 0);
  EXPECT_EQ(values.at("Ip.A"), -1);
  EXPECT_EQ(values.size(), 3U);
}

TEST(Procfs, ReadsNumbers) { EXPECT_THAT(os::parse_numbers("12 345 6 "), ElementsAre(12, 345, 6)); }

void burn(net::Nanoseconds cpu) {
  while (net::process_cpu_time() < cpu) {
  }
}

// A forked child of a root of its own that does `work` and then waits to be killed; says through a pipe when the work
// is done. The root stands for the reaper, which is no part of what is measured.
class Helper {
 public:
  template <typename Work>
  explicit Helper(Work work) {
    std::array<int, 2> ends{};
    net::check(::pipe(ends.data()), "pipe");
    root_ = net::check(::fork(), "fork");
    if (root_ == 0) {
      ::setpgid(0, 0);
      if (::fork() == 0) {
        work();
        const ssize_t ignored = ::write(ends[1], "x", 1);
        static_cast<void>(ignored);
      }
      for (;;) {
        ::pause();
      }
    }
    ::setpgid(root_, root_);
    ::close(ends[1]);
    char byte = 0;
    done_ = ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;
  ~Helper() {
    ::kill(-root_, SIGKILL);
    ::waitpid(root_, nullptr, 0);
  }
  pid_t root() const { return root_; }
  pid_t pid() const { return os::list_children(root_, root_).at(0); }
  bool done() const { return done_; }

 private:
  pid_t root_ = -1;
  bool done_ = false;
};

// Would catch: an exited thread, a live child or a reaped child missing from the sum. Each burns 100 ms of CPU time by
// its own clock, so the sum is at least 400 ms whatever else runs on the machine.
TEST(Monitor, CountsExitedThreadsLiveAndReapedChildren) {
  const Helper helper([] {
    burn(100ms);
    std::thread([] {
      while (net::thread_cpu_time() < 100ms) {
      }
    }).join();
    const pid_t reaped = ::fork();
    if (reaped == 0) {
      burn(100ms);
      ::_exit(0);
    }
    ::waitpid(reaped, nullptr, 0);
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0 || ::fork() == 0) {
      burn(100ms);
      const ssize_t ignored = ::write(ends[1], "x", 1);
      static_cast<void>(ignored);
      for (;;) {
        ::pause();
      }
    }
    char byte = 0;
    const ssize_t ignored = ::read(ends[0], &byte, 1);
    static_cast<void>(ignored);
  });
  ASSERT_TRUE(helper.done());
  Monitor monitor(helper.root());
  monitor.discover();
  const auto reading = monitor.read_cpu_of_known_tasks();
  ASSERT_TRUE(reading);
  EXPECT_GE(reading->total, 390ms);  // the reaped child's time is cut to ticks of 10 ms
  EXPECT_LT(reading->total, 4s);
  const auto thorough = monitor.read_cpu_of_tree();
  ASSERT_TRUE(thorough);
  EXPECT_GE(thorough->total, reading->total);  // both see everything
  EXPECT_LT(thorough->total, reading->total + 50ms);
  const Footprint print = monitor.footprint();
  EXPECT_EQ(print.processes, 2U);
  EXPECT_EQ(print.threads, 2U);
  ASSERT_TRUE(print.rss_bytes && print.pss_bytes);
  EXPECT_GT(*print.pss_bytes, 0U);
  EXPECT_LT(*print.pss_bytes, *print.rss_bytes);  // the two share nearly all their pages
  ASSERT_TRUE(print.page_table_bytes);
  EXPECT_GE(*print.page_table_bytes, 2U * 4096);  // each has tables of its own
}

// Would catch: a child that is reaped between two readings and takes its earlier time out of the sum.
TEST(Monitor, TimeNeverShrinksWhenAChildIsReaped) {
  const Helper helper([] {
    static volatile std::sig_atomic_t reap = 0;
    ::signal(SIGUSR1, [](int) { reap = 1; });
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
      return;
    }
    if (::fork() == 0) {
      burn(200ms);
      ::_exit(0);  // stays a zombie until the parent is told to reap it
    }
    ::signal(SIGCHLD, SIG_DFL);
    siginfo_t info{};
    ::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    if (::fork() == 0) {
      return;  // says "done" in the helper's name; the parent goes on below
    }
    while (reap == 0) {
      ::usleep(1000);
    }
    ::waitpid(info.si_pid, nullptr, 0);
    for (;;) {
      ::pause();
    }
  });
  ASSERT_TRUE(helper.done());
  Monitor monitor(helper.root());
  monitor.discover();
  const auto before = monitor.read_cpu_of_known_tasks();
  ASSERT_TRUE(before);
  EXPECT_GE(before->total, 200ms);
  ASSERT_EQ(monitor.footprint().processes, 2U);  // the zombie holds nothing
  ::kill(helper.pid(), SIGUSR1);
  const auto reaped = [&] {
    const auto stat = os::read_file("/proc/" + std::to_string(helper.pid()) + "/stat");
    const auto time = stat ? os::parse_reaped_time(*stat) : std::nullopt;
    return time && time->user + time->system > 0s;
  };
  while (!reaped()) {
    std::this_thread::yield();
  }
  const auto after = monitor.read_cpu_of_tree();
  ASSERT_TRUE(after);
  EXPECT_GE(after->total, before->total - 20ms);  // ticks of 10 ms each for user and system
}

TEST(Monitor, CountsThreadsAndTheirSwitches) {
  const Helper helper([] {
    for (int i = 0; i < 3; ++i) {
      std::thread([] {
        for (;;) {
          ::usleep(1000);
        }
      }).detach();
    }
  });
  ASSERT_TRUE(helper.done());
  Monitor monitor(helper.root());
  monitor.discover();
  EXPECT_EQ(monitor.footprint().threads, 4U);
  EXPECT_TRUE(monitor.has_same_tasks());
  const auto before = monitor.switches();
  ASSERT_TRUE(before);
  auto after = monitor.switches();
  while (after && after->voluntary < before->voluntary + 9) {  // three threads, three naps each
    std::this_thread::yield();
    after = monitor.switches();
  }
  ASSERT_TRUE(after);
}

TEST(Procfs, ReadsTheTimeATaskBegan) {
  EXPECT_EQ(os::parse_start_time("4711 (a) b) S 1 2 3 4 5 6 7 8 9 10 1 2 3 4 20 0 1 0 987654 111"), 9876540ms);
  EXPECT_FALSE(os::parse_start_time("4711 (a) S 1 2"));
}

// The bug: a server that forks within the window, such as `process` with 1,000 connections, had no switches at all.
TEST(Monitor, CountsTheSwitchesOfTasksThatBeganLater) {
  const Helper helper([] {
    ::signal(SIGUSR1, [](int) {
      if (::fork() == 0) {
        for (;;) {
          ::usleep(1000);
        }
      }
    });
  });
  ASSERT_TRUE(helper.done());
  Monitor monitor(helper.root());
  monitor.discover();
  const net::Nanoseconds opened = boot_time();
  const auto none = monitor.switches_of_new_tasks(opened);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->voluntary, 0U);
  ::kill(helper.pid(), SIGUSR1);
  while (monitor.has_same_tasks()) {
    std::this_thread::yield();
  }
  auto later = monitor.switches_of_new_tasks(opened);
  while (later && later->voluntary < 3) {
    std::this_thread::yield();
    later = monitor.switches_of_new_tasks(opened);
  }
  EXPECT_TRUE(later);
  EXPECT_TRUE(monitor.switches());  // the others are still there
  // Some of its switches may have been before a window that opened later than it began.
  EXPECT_FALSE(monitor.switches_of_new_tasks(boot_time() + 1h));
}

// The bug: a server whose main thread has ended and whose other threads serve had 0 bytes, 0 threads and 0 processes,
// in a round that was ok.
TEST(Monitor, ReadsAProcessWhoseMainThreadHasEnded) {
  const Helper helper([] {
    ::signal(SIGUSR1, [](int) { ::syscall(SYS_exit, 0); });  // of the one thread that takes it
    sigset_t own;
    ::sigemptyset(&own);
    ::sigaddset(&own, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &own, nullptr);
    std::thread([] {
      for (;;) {
        ::pause();
      }
    }).detach();
    ::pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
  });
  ASSERT_TRUE(helper.done());
  const Monitor monitor(helper.root());
  const Footprint before = monitor.footprint();
  const std::string status = "/proc/" + std::to_string(helper.pid()) + "/status";
  ::kill(helper.pid(), SIGUSR1);
  while (os::read_file(status).value_or("").find("State:\tZ") == std::string::npos) {
    std::this_thread::yield();
  }
  const Footprint print = monitor.footprint();
  EXPECT_EQ(print.processes, 1U);
  EXPECT_EQ(print.threads, 2U);  // as the kernel counts them: the one that has ended is still there
  EXPECT_EQ(print.descriptors, before.descriptors);
  EXPECT_GT(print.descriptors, 0U);
  EXPECT_GT(print.rss_bytes, 0U);
  EXPECT_GT(print.pss_bytes, 0U);
  EXPECT_GT(print.page_table_bytes, 0U);
}

// Would catch: the numbers of a dead server read as zero and recorded as a measurement.
TEST(Monitor, SaysNothingAboutTheDead) {
  pid_t gone = 0;
  {
    const Helper helper([] {});
    gone = helper.root();
  }
  Monitor monitor(gone);
  monitor.discover();
  EXPECT_FALSE(monitor.read_cpu_of_known_tasks());
  EXPECT_FALSE(monitor.read_cpu_of_tree());
  EXPECT_FALSE(monitor.switches());
}

TEST(Monitor, SplitsAsTheTicksSay) {
  const CpuUse use = subtract_cpu({100ms, 20ms, 80ms}, {300ms, 60ms, 240ms});
  EXPECT_EQ(use.total, 200ms);
  EXPECT_EQ(use.user, 50ms);
  EXPECT_EQ(use.system, 150ms);
  // The bug: a server that forks for each connection seemed to take 80 % of its CPU time in user mode, where 2 % of its
  // instructions are: its children end before a tick meets them.
  EXPECT_EQ(subtract_cpu({}, {300ms, 240ms, 300ms, 30ms}).user, 240ms);
  EXPECT_FALSE(subtract_cpu({}, {300ms, 240ms, 300ms, 31ms}).user);
  EXPECT_EQ(subtract_cpu({}, {300ms, 240ms, 300ms, 31ms}).total, 300ms);
  EXPECT_FALSE(subtract_cpu({1ms, 0ms, 0ms}, {2ms, 0ms, 0ms}).user);
}

}  // namespace
}  // namespace fanin::harness
