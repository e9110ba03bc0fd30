// The hot path must not allocate: every allocation of this program is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "loadgen/integration_test/test_server.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/runs/run.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"
#include "protocols/request_mix.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Not inlined, because GCC would then take malloc and delete, or new and free, for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace fanin::load {
namespace {

void speak_a_mix(LoadPlan& plan) {
  plan.mix = std::make_shared<const protocols::RequestMix>(1, std::vector<double>{3, 1});
  plan.classes.resize(2);
  plan.use_protocol("echo", [mix = plan.mix] {
    std::vector<std::unique_ptr<protocols::ClientProtocol>> clients;
    clients.push_back(protocols::find_protocol("echo").make_client({}));
    clients.push_back(protocols::find_protocol("echo").make_client({.payload_bytes = 200}));
    return std::make_unique<protocols::MixClient>(mix, std::move(clients));
  });
}

// What a run is asked for beyond ten connections and a number of requests.
using Shape = std::function<void(LoadPlan&)>;

std::uint64_t count_allocations(std::uint64_t requests, DriverKind driver, const Shape& shape) {
  TestServer server(TestServer::Behaviour::kEchoes);
  LoadPlan plan;
  plan.target = server.address();
  plan.driver = driver;
  plan.connections = 10;
  plan.threads = driver == DriverKind::kThreads ? 10 : 1;
  plan.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({}); });
  plan.requests = requests;
  plan.timeout = std::chrono::seconds(60);
  shape(plan);
  const std::atomic<bool> interrupted{false};
  const std::uint64_t before = allocations.load();
  const LoadResult result = run_load(plan, {}, interrupted);
  const std::uint64_t made = allocations.load() - before;
  EXPECT_GE(result.completed, plan.requests.value_or(1));
  return made;
}

// Set-up and report allocate the same for any number of requests, but for vectors that grow with the seconds of the
// run.
constexpr std::uint64_t kSlack = 60;

void expect_none_per_request(
    DriverKind driver, const Shape& shape = [](LoadPlan&) {}, std::uint64_t few = 500, std::uint64_t many = 10'500) {
  EXPECT_LE(count_allocations(many, driver, shape), count_allocations(few, driver, shape) + kSlack)
      << many - few << " more requests";
}

// Requests and replies that take two pieces and 10 ms each, on connections enough to have a thousand of them soon.
void expect_none_per_piece(DriverKind driver, const Shape& shape) {
  const auto slow = [&shape](LoadPlan& plan) {
    plan.connections = 50;
    plan.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({.payload_bytes = 2000}); });
    shape(plan);
  };
  expect_none_per_request(driver, slow, 100, 1100);
}

void open_loop(LoadPlan& plan) { plan.rate_per_s = 50'000; }
void pipelined(LoadPlan& plan) { plan.pipeline = 8; }
void slow_senders(LoadPlan& plan) { plan.send_bytes_per_s = 100'000; }

void slow_readers(LoadPlan& plan) {
  plan.read_bytes_per_s = 100'000;
  plan.receive_buffer_bytes = 4096;
}

// It is by time that idle connections send: the number of requests is taken for milliseconds.
void trickling(LoadPlan& plan) {
  plan.duration = std::chrono::milliseconds(*plan.requests);
  plan.requests.reset();
  plan.idle = 50;
  plan.trickle = std::chrono::milliseconds(10);
}

TEST(Allocation, CountingWorks) {
  const std::uint64_t before = allocations.load();
  ::operator delete(::operator new(1));  // a new-expression could be optimised away
  EXPECT_EQ(allocations.load(), before + 1);
}

TEST(Allocation, NonePerRequestInTheClosedLoop) { expect_none_per_request(DriverKind::kEpoll); }

TEST(Allocation, NonePerRequestWithPipelining) { expect_none_per_request(DriverKind::kEpoll, pipelined); }

TEST(Allocation, NonePerRequestInTheOpenLoop) { expect_none_per_request(DriverKind::kEpoll, open_loop); }

TEST(Allocation, NonePerRequestWithAMix) {
  expect_none_per_request(DriverKind::kEpoll, [](LoadPlan& plan) {
    speak_a_mix(plan);
    open_loop(plan);
    pipelined(plan);
  });
}

TEST(Allocation, NonePerRequestWithPauses) {
  expect_none_per_request(DriverKind::kEpoll, [](LoadPlan& plan) { plan.think_time = std::chrono::microseconds(50); });
}

TEST(Allocation, NonePerPieceOfASlowSender) { expect_none_per_piece(DriverKind::kEpoll, slow_senders); }

TEST(Allocation, NonePerPieceOfASlowReader) { expect_none_per_piece(DriverKind::kEpoll, slow_readers); }

TEST(Allocation, NonePerByteThatTrickles) { expect_none_per_request(DriverKind::kEpoll, trickling, 300, 900); }

TEST(Allocation, NonePerRequestOverIoUring) {
  if (const auto reason = why_no_uring_driver()) {
    GTEST_SKIP() << *reason;
  }
  expect_none_per_request(DriverKind::kUring);
  expect_none_per_request(DriverKind::kUring, pipelined);
  expect_none_per_request(DriverKind::kUring, open_loop);
  expect_none_per_piece(DriverKind::kUring, slow_senders);
  expect_none_per_request(DriverKind::kUring, trickling, 300, 900);
}

TEST(Allocation, NonePerRequestWithBlockingThreads) { expect_none_per_request(DriverKind::kThreads); }

}  // namespace
}  // namespace fanin::load
