// Whole runs against a server that misbehaves, goes away or stands still, and runs in which memory runs out.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>

#include "loadgen/drivers/loop_context.h"
#include "loadgen/integration_test/run_fixture.h"
#include "loadgen/reports/verdict.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class OutageTest : public DriverTest {};

// Makes connect() fail with `error` in this thread and in those that it starts.
void forbid_connecting(int error) {
  sock_filter program[]{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{4, program};
  net::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
  net::check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "prctl");
}

// Would catch: memory running out taken for ports or descriptors running out. The kernel's limit on the memory of
// sockets holds for the whole machine, so a filter of system calls pretends that it is reached.
TEST_P(OutageTest, MemoryThatRunsOutIsNamed) {
  TestServer server(Behaviour::kCloseAtOnce);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.use_protocol(
      "greet", [] { return protocols::find_protocol("greet").make_client({}); });  // connects when the request is due
  for (const int error : {ENOMEM, ENOBUFS}) {
    LoadResult result;
    std::thread([&] {
      forbid_connecting(error);
      result = run(plan);
    }).join();
    expect_accounted_for(result);
    EXPECT_GT(result.failed, 0U);
    EXPECT_EQ(result.request_errors[ErrorKind::kNoMemory], result.failed);
    EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
  }
}

// Would catch: a valid closed loop whose server has gone: it sends nothing any more, so no request fails.
TEST_P(OutageTest, AServerThatIsGoneMakesTheResultInvalid) {
  auto server = std::make_optional<TestServer>(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server->address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(300);
  struct Killer : RunListener {
    explicit Killer(std::optional<TestServer>& its_server) : server(its_server) {}
    void window_opened(TimePoint) override { server.reset(); }
    std::optional<TestServer>& server;
  } killer(server);
  const LoadResult result = run(plan, {&killer});
  expect_accounted_for(result);
  EXPECT_GT(result.downtime.lost, Nanoseconds(0));
  EXPECT_GT(result.downtime.unreachable, Nanoseconds(0));
  EXPECT_TRUE(result.downtime.at_end);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// Would catch: a server that stands still for most of the window, in a closed loop that sends nothing meanwhile.
TEST_P(OutageTest, AServerThatStandsStillIsNoticed) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(1000);
  struct Staller : RunListener {
    explicit Staller(TestServer& its_server) : server(its_server) {}
    void window_opened(TimePoint) override { server.stall(); }
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kDraining || progress.elapsed > milliseconds(500)) {
        server.resume();
      }
    }
    TestServer& server;
  } staller(server);
  const LoadResult result = run(plan, {&staller});
  expect_accounted_for(result);
  ASSERT_FALSE(result.silences.empty());
  EXPECT_GT(*std::max_element(result.silences.begin(), result.silences.end()), milliseconds(100));
  EXPECT_EQ(result.silence_at_end, Nanoseconds(0));
  EXPECT_EQ(result.downtime.lost, Nanoseconds(0));
}

// Would catch: a server that stands still for ever, and a result that only has a few unanswered requests.
TEST_P(OutageTest, AServerThatStandsStillForEverMakesTheResultInvalid) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(600);
  plan.timeout = milliseconds(700);
  struct Staller : RunListener {
    explicit Staller(TestServer& its_server) : server(its_server) {}
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow && progress.completed > 0) {
        server.stall();
      }
    }
    TestServer& server;
  } staller(server);
  const LoadResult result = run(plan, {&staller});
  server.resume();
  expect_accounted_for(result);
  EXPECT_GT(result.completed, 0U);
  EXPECT_GT(result.unanswered_time, plan.connections * milliseconds(50));
  EXPECT_GT(result.silence_at_end, Nanoseconds(0));
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(All, OutageTest, kAllDrivers, driver_test_name);

using std::chrono::milliseconds;

class FaultInjectionTest : public DriverTest {};

struct InjectedFault {
  Behaviour behaviour;
  ErrorKind kind;
};

// Every way in which a server can misbehave has a name in the error table, and no request is lost from the account.
TEST_P(FaultInjectionTest, MisbehaviourIsNamedAndAccountedFor) {
  for (const auto& [behaviour, kind] : {InjectedFault{Behaviour::kWrongReply, ErrorKind::kMismatch},
                                        InjectedFault{Behaviour::kTooLong, ErrorKind::kUnsolicited},
                                        InjectedFault{Behaviour::kCloseEarly, ErrorKind::kClosedEarly},
                                        InjectedFault{Behaviour::kHalfReply, ErrorKind::kClosedEarly},
                                        InjectedFault{Behaviour::kHalfClose, ErrorKind::kClosedEarly},
                                        InjectedFault{Behaviour::kReset, ErrorKind::kReset}}) {
    TestServer server(behaviour);
    const LoadResult result = run(plan_for(server.address(), GetParam()));
    expect_accounted_for(result);
    EXPECT_GT(result.request_errors[kind] + result.connection_errors[kind], 0U) << error_name(kind);
    EXPECT_GT(result.connections.failed, 0U) << error_name(kind);
    if (behaviour != Behaviour::kTooLong) {  // where the reply itself is complete before it turns out too long
      EXPECT_EQ(result.completed, 0U) << error_name(kind);
    }
  }
}

TEST_P(FaultInjectionTest, ASilentServerTimesOut) {
  TestServer server(Behaviour::kSilent);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.timeout = milliseconds(50);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_GT(result.request_errors[ErrorKind::kTimeout], 0U);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

TEST_P(FaultInjectionTest, AServerThatClosesAtOnceIsSeen) {
  TestServer server(Behaviour::kCloseAtOnce);
  LoadPlan plan = plan_for(server.address(), GetParam());
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_EQ(result.served, 0U);
}

TEST_P(FaultInjectionTest, AnUnreachableTargetIsNamed) {
  const LoadPlan plan = plan_for(refusing_address(), GetParam());
  const LoadResult result = run(plan);
  EXPECT_EQ(result.unreachable, "no connection to " + plan.target.text() + " came up: Connection refused");
  EXPECT_EQ(result.connection_errors[ErrorKind::kConnectRefused], plan.connections);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// A run by number of requests whose server turns silent or dies must end by itself.
TEST_P(FaultInjectionTest, ACountWithoutAServerGivesUp) {
  auto server = std::make_unique<TestServer>(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server->address(), GetParam());
  plan.requests = 1'000'000'000;
  plan.timeout = milliseconds(50);
  struct Killer : RunListener {
    explicit Killer(std::unique_ptr<TestServer>& victim) : server(victim) {}
    void window_opened(TimePoint) override { server.reset(); }
    std::unique_ptr<TestServer>& server;
  } killer(server);
  const LoadResult result = run(plan, {&killer});
  expect_accounted_for(result);
  EXPECT_TRUE(result.gave_up);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// A server that dies and comes back: failures in between, service again afterwards.
TEST_P(FaultInjectionTest, ATargetThatMisbehavesForAWhileIsServedAgain) {
  TestServer server(Behaviour::kReset);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.duration = milliseconds(600);
  Healer healer(server);
  const LoadResult result = run(plan, {&healer});
  expect_accounted_for(result);
  EXPECT_GT(result.failed, 0U);
  EXPECT_EQ(result.served, 4U);
  EXPECT_GT(result.connections.reconnects, 0U);
}

// A black hole: the kernel takes connections and requests, and the server never accepts.
TEST_P(FaultInjectionTest, AListenerThatNeverAcceptsTimesOut) {
  const net::Descriptor listener = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  LoadPlan plan = plan_for(net::Address::of_local_end(listener.get()), GetParam());
  plan.timeout = milliseconds(50);
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.connections.established, 4U);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_GT(result.request_errors[ErrorKind::kTimeout], 0U);
  EXPECT_EQ(result.request_errors.total(),
            result.request_errors[ErrorKind::kTimeout] + result.request_errors[ErrorKind::kOpenAtEnd]);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// Would catch: a reply that never ends, read for ever or named a wrong one.
TEST_P(FaultInjectionTest, AnOverlongReplyIsNamed) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.use_protocol("raw", [] {
    return protocols::find_protocol("raw").make_client(
        {.request = std::string(100, 'x'), .reply_pattern = "never", .reply_limit = 10});
  });
  const LoadResult result = run(plan);
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 0U);
  EXPECT_GT(result.request_errors[ErrorKind::kTooLong], 0U);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

const std::string kHttpReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kHttpTimeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

// Two requests on each connection, with a pause between them.
LoadPlan pausing_plan(const TestServer& server, DriverKind driver, const std::string& protocol) {
  LoadPlan plan = plan_for(server.address(), driver);
  plan.requests = 8;
  plan.think_time = milliseconds(50);
  plan.use_protocol(protocol, [protocol] {
    return protocols::find_protocol(protocol).make_client({.request = "ping\r\n\r\n", .reply_delimiter = "\n"});
  });
  return plan;
}

void expect_no_request_lost(const LoadResult& result, ErrorKind kind) {
  expect_accounted_for(result);
  EXPECT_EQ(result.completed, 8U) << error_name(kind);
  EXPECT_GT(result.connection_errors[kind], 0U) << error_name(kind);
  EXPECT_EQ(result.connection_errors.total(), result.connection_errors[kind]) << error_name(kind);
}

// Would catch: a close between requests, or what the server says before it, booked on a request: as the reply to the
// next one (threads), or as a wrong one (event loops).
TEST_P(FaultInjectionTest, WhatComesBetweenRequestsIsNoReply) {
  struct Late {
    std::string says;
    ErrorKind kind;
  };
  for (const auto& [says, kind] : {Late{"", ErrorKind::kClosedIdle}, Late{kHttpTimeout, ErrorKind::kClosedIdle},
                                   Late{kHttpReply, ErrorKind::kUnsolicited}}) {
    TestServer server({.reply = kHttpReply, .late = says});
    const LoadPlan plan = pausing_plan(server, GetParam(), "http");
    const LoadResult result = run(plan);
    expect_no_request_lost(result, kind);
    EXPECT_EQ(decide_verdict(plan, result).status == Status::kInvalid, kind == ErrorKind::kUnsolicited) << says;
  }
  TestServer server({.reply = "pong\n", .late = "ping\n"});
  expect_no_request_lost(run(pausing_plan(server, GetParam(), "raw")), ErrorKind::kUnsolicited);
}

// The bug: a server that closes every silent connection, new ones too, was called unreachable, and the result was
// invalid: each second connection was reopened only after kRetryDelay.
TEST_P(FaultInjectionTest, AServerThatClosesSilentConnectionsIsReachable) {
  TestServer server({.reply = kHttpReply, .late = "", .closes_silent = 4});
  LoadPlan plan = pausing_plan(server, GetParam(), "http");
  plan.think_time = milliseconds(500);  // none is closed when its request is due; the first four are served
  const LoadResult result = run(plan);
  expect_no_request_lost(result, ErrorKind::kClosedIdle);
  EXPECT_LT(result.downtime.lost, 4 * kRetryDelay);  // it was more with a pause before each of the four
  EXPECT_GT(result.connections.reconnects, 4U);
}

// Would catch: a server that is one reply ahead of its requests, taken for a fast one.
TEST_P(FaultInjectionTest, AReplyThatWasThereBeforeItsRequestIsCounted) {
  TestServer server({.greeting = "pong\n", .reply = "pong\n"});
  const LoadPlan plan = pausing_plan(server, GetParam(), "raw");
  const LoadResult result = run(plan);
  expect_no_request_lost(result, ErrorKind::kUnsolicited);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// Would catch: a driver that reads on for as long as something comes, and looks neither at the clock nor for
// interrupts. Without the bound these runs never end.
TEST_P(FaultInjectionTest, AReplyWithoutEndTimesOut) {
  struct Endless {
    std::string begins;
    std::string goes_on;
    std::string protocol = "http";
  };
  std::string interim;
  while (interim.size() < 1'000'000) {
    interim += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  const std::string bytes(1'000'000, 'x');
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const auto& [begins, goes_on, protocol] :
       {Endless{"", interim}, Endless{head + "\r\n", bytes},
        Endless{head + "Content-Length: 10000000000\r\n\r\n", bytes},
        Endless{head + "Transfer-Encoding: chunked\r\n\r\n", fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes)},
        Endless{"", bytes, "raw"}}) {
    TestServer server({.reply = begins, .flood = goes_on});
    LoadPlan plan = pausing_plan(server, GetParam(), protocol);
    plan.requests.reset();
    plan.timeout = milliseconds(100);
    const LoadResult result = run(plan);
    expect_accounted_for(result);
    EXPECT_EQ(result.completed, 0U);
    EXPECT_GT(result.request_errors[ErrorKind::kTimeout], 0U) << begins;
    EXPECT_EQ(result.request_errors.total(),
              result.request_errors[ErrorKind::kTimeout] + result.request_errors[ErrorKind::kOpenAtEnd]);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FaultInjectionTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
