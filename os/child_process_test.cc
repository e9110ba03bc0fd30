#include "os/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "net/affinity.h"

namespace fanin::os {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Launch shell(const std::string& script) { return {{"sh", "-c", script}, {}, -1, Output::Keep::kTail}; }

// Every wait has an end far beyond what it takes, so that a hang fails instead of blocking the tests.
WaitResult wait_end(ChildProcess& child) {
  return wait_until({&child}, -1, -1, net::now() + 60s, [&] { return child.status().has_value(); });
}

TEST(Process, CapturesOutputAndExitCode) {
  ChildProcess child(shell("echo first; echo last; echo trouble >&2; exit 3"));
  ASSERT_EQ(wait_end(child), WaitResult::kDone);
  EXPECT_EQ(child.out().first_line(), "first");
  EXPECT_EQ(child.out().last_line(), "last");
  EXPECT_EQ(child.err().tail(), "trouble");
  EXPECT_EQ(child.status()->number(), 3);
  EXPECT_EQ(child.status()->text(), "exit code 3");
}

TEST(Process, TellsASignalFromAnExit) {
  ChildProcess child(shell("kill -SEGV $$"));
  ASSERT_EQ(wait_end(child), WaitResult::kDone);
  EXPECT_EQ(child.status()->number(), -SIGSEGV);
  EXPECT_THAT(child.status()->text(), HasSubstr("signal 11"));
}

TEST(Process, NamesAProgramThatIsNotThere) {
  try {
    ChildProcess child({{"/no/such/program"}, {}, -1, Output::Keep::kTail});
    FAIL() << "started";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_THAT(error.what(), HasSubstr("/no/such/program"));
  }
}

// The bug: a directory that had been removed was reported as a missing program.
TEST(Process, NamesADirectoryThatIsNotThere) {
  Launch launch = shell("true");
  launch.directory = "/no/such/directory";
  try {
    ChildProcess child(launch);
    FAIL() << "started";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "cannot enter /no/such/directory: No such file or directory");
  }
}

// Would catch: the affinity set too late, after the program has started its threads.
TEST(Process, RunsOnTheGivenCpus) {
  const int cpu = net::allowed_cpus().back();
  Launch launch = shell("grep Cpus_allowed_list /proc/self/status");
  launch.cpus = {cpu};
  ChildProcess child(launch);
  ASSERT_EQ(wait_end(child), WaitResult::kDone);
  EXPECT_EQ(child.out().first_line(), "Cpus_allowed_list:\t" + std::to_string(cpu));
}

// Would catch: a child that blocks on a full pipe because nobody reads while waiting for something else.
TEST(Process, DrainsMoreThanAPipeHolds) {
  Launch launch = shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2");
  launch.keep_stdout = Output::Keep::kAll;
  ChildProcess child(launch);
  ASSERT_EQ(wait_end(child), WaitResult::kDone);
  EXPECT_EQ(child.out().all().size(), 1'000'000U);
  EXPECT_FALSE(child.out().truncated());
}

TEST(Process, PassesADescriptor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const net::Descriptor ours(ends[0]);
  net::Descriptor theirs(ends[1]);
  Launch launch = shell("echo hello >&" + std::to_string(theirs.get()));
  launch.pass_descriptor = theirs.get();
  ChildProcess child(launch);
  theirs.reset();
  std::string got;
  const auto read_all = [&] {
    std::array<char, 64> buffer{};
    const ssize_t size = ::recv(ours.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    got.append(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return size == 0;
  };
  ASSERT_EQ(wait_until({&child}, ours.get(), -1, net::now() + 60s, read_all), WaitResult::kDone);
  EXPECT_EQ(got, "hello\n");
}

TEST(Process, StopsWithSigterm) {
  ChildProcess child(shell("trap 'echo drained; exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
  ASSERT_EQ(wait_until({&child}, -1, -1, net::now() + 60s, [&] { return child.out().has_first_line(); }),
            WaitResult::kDone);
  EXPECT_TRUE(stop(child, 60s));
  EXPECT_EQ(child.out().last_line(), "drained");
  EXPECT_TRUE(child.status()->clean());
}

TEST(Process, KillsWhatIgnoresSigterm) {
  ChildProcess child(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  ASSERT_EQ(wait_until({&child}, -1, -1, net::now() + 60s, [&] { return child.out().has_first_line(); }),
            WaitResult::kDone);
  EXPECT_FALSE(stop(child, 50ms));
  ASSERT_TRUE(child.status());
  EXPECT_EQ(child.status()->signal, SIGKILL);
}

// A descriptor that a program and all that it starts hold open: its end of file comes when none of them is left.
class Lifeline {
 public:
  Lifeline() {
    std::array<int, 2> ends{};
    net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }
  Launch hold(Launch launch) const {
    launch.pass_descriptor = theirs_.get();
    return launch;
  }
  bool all_gone() {
    theirs_.reset();
    char byte = 0;
    const auto closed = [&] { return ::recv(ours_.get(), &byte, 1, MSG_DONTWAIT) == 0; };
    return wait_until({}, ours_.get(), -1, net::now() + 60s, closed) == WaitResult::kDone;
  }

 private:
  net::Descriptor ours_;
  net::Descriptor theirs_;
};

// Would catch: the children of a process-per-connection server left behind, where they hold connections and memory,
// also those that are in a session of their own.
TEST(Process, TakesTheTreeWithTheProgram) {
  for (const char* script : {"sleep 1000 & echo started",
                             "setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) "
                             "&& echo started"}) {
    Lifeline lifeline;
    ChildProcess child(lifeline.hold(shell(script)));
    ASSERT_EQ(wait_end(child), WaitResult::kDone);
    EXPECT_EQ(child.out().last_line(), "started");
    EXPECT_TRUE(lifeline.all_gone()) << script;
  }
}

Launch server_script(const std::string& script) {
  Launch launch = shell(script);
  launch.ends = Launch::Ends::kWithTree;
  return launch;
}

// Would catch: a server that is left behind, or killed without having drained, because only its wrapper is asked to
// end, or because its launcher has ended already.
TEST(Process, StopsTheServerBehindAWrapperOrALauncher) {
  const std::string server = "sh -c 'trap \"echo drained; exit 0\" TERM; echo ready; while :; do sleep 0.01; done' & ";
  for (const std::string& script : {server + "wait", server + "exit 0", "setsid " + server + "exit 0"}) {
    Lifeline lifeline;
    ChildProcess child(lifeline.hold(server_script(script)));
    ASSERT_EQ(wait_until({&child}, -1, -1, net::now() + 60s, [&] { return child.out().has_first_line(); }),
              WaitResult::kDone);
    EXPECT_FALSE(child.status()) << script;
    EXPECT_TRUE(stop(child, 60s)) << script;
    EXPECT_EQ(child.out().last_line(), "drained") << script;
    EXPECT_TRUE(lifeline.all_gone()) << script;
  }
}

TEST(Process, ATreeEndsWithItsLastProcess) {
  ChildProcess child(server_script("sh -c 'read line; echo served; exit 1' & exit 7"));
  ASSERT_EQ(wait_end(child), WaitResult::kDone);
  EXPECT_EQ(child.out().last_line(), "served");
  EXPECT_EQ(child.status()->code, 7);
}

// Would catch: servers that go on after the harness was killed, and measure against those of the next run.
TEST(Process, NothingOutlivesAHarnessThatIsKilled) {
  Lifeline lifeline;
  const Launch launch = lifeline.hold(server_script("trap '' TERM HUP; setsid sleep 1000 & sleep 1000"));
  std::array<int, 2> started{};
  ASSERT_EQ(::pipe(started.data()), 0);
  const pid_t harness = ::fork();
  if (harness == 0) {
    const ChildProcess child(launch);
    const ssize_t ignored = ::write(started[1], "x", 1);
    static_cast<void>(ignored);
    ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(started[0], &byte, 1), 1);
  ::close(started[0]);
  ::close(started[1]);
  ::kill(harness, SIGKILL);
  ::waitpid(harness, nullptr, 0);
  EXPECT_TRUE(lifeline.all_gone());
}

TEST(Process, InterruptionEndsTheWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const net::Descriptor read_end(ends[0]);
  const net::Descriptor write_end(ends[1]);
  ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
  ChildProcess child(shell("exec sleep 1000"));
  EXPECT_EQ(wait_until({&child}, -1, read_end.get(), net::now() + 60s, [] { return false; }), WaitResult::kInterrupted);
}

TEST(Output, KeepsFirstAndLastLinesWithinBounds) {
  Output output(Output::Keep::kTail);
  output.append("rea");
  EXPECT_FALSE(output.has_first_line());
  output.append("dy\n");
  for (int i = 0; i < 1000; ++i) {
    output.append("line " + std::to_string(i) + "\n");
  }
  EXPECT_EQ(output.first_line(), "ready");
  EXPECT_EQ(output.last_line(), "line 999");
  EXPECT_EQ(output.tail().substr(0, 9), "line 980\n");
  output.append("unfinished");
  EXPECT_EQ(output.last_line(), "unfinished");
}

// Would catch: a server that prints garbage without a newline and so fills the harness's memory.
TEST(Output, CutsALineThatNeverEnds) {
  Output output(Output::Keep::kTail);
  for (int i = 0; i < 100; ++i) {
    output.append(std::string(10'000, 'x'));
  }
  EXPECT_EQ(output.last_line().size(), std::size_t{64} << 10);
}

}  // namespace
}  // namespace fanin::os
