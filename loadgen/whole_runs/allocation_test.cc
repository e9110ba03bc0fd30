// The hot path must not allocate: every allocation of this program is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "loadgen/drivers/uring_loop.h"
#include "loadgen/runs/run.h"
#include "loadgen/whole_runs/test_server.h"
#include "protocols/mix_client.h"
#include "protocols/registry.h"

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

namespace fanin {
namespace {

void speak_a_mix(LoadPlan& plan) {
  plan.mix = std::make_shared<const RequestMix>(1, std::vector<double>{3, 1});
  plan.classes.resize(2);
  plan.speak("echo", [mix = plan.mix] {
    std::vector<std::unique_ptr<ClientProtocol>> clients;
    clients.push_back(find_protocol("echo").make_client({}));
    clients.push_back(find_protocol("echo").make_client({.payload_bytes = 200}));
    return std::make_unique<MixClient>(mix, std::move(clients));
  });
}

// Allocations of a whole run of so many requests.
std::uint64_t allocations_of(std::uint64_t requests, DriverKind driver, std::optional<double> rate, Nanoseconds think,
                             std::uint32_t depth, bool mixed = false) {
  TestServer server(TestServer::Behaviour::kEchoes);
  LoadPlan plan;
  plan.target = server.address();
  plan.driver = driver;
  plan.connections = 10;
  plan.threads = driver == DriverKind::kThreads ? 10 : 1;
  plan.speak("echo", [] { return find_protocol("echo").make_client({}); });
  if (mixed) {
    speak_a_mix(plan);
  }
  plan.requests = requests;
  plan.rate_per_s = rate;
  plan.think = think;
  plan.depth = depth;
  plan.timeout = std::chrono::seconds(60);
  const std::atomic<bool> interrupted{false};
  const std::uint64_t before = allocations.load();
  const LoadResult result = run_load(plan, {}, interrupted);
  EXPECT_EQ(result.completed, requests);
  return allocations.load() - before;
}

// Set-up and report allocate the same for any number of requests, but for vectors that grow with the seconds of the
// run.
constexpr std::uint64_t kSlack = 60;

void expect_none_per_request(DriverKind driver, std::optional<double> rate, Nanoseconds think, std::uint32_t depth,
                             bool mixed = false) {
  const std::uint64_t few = allocations_of(500, driver, rate, think, depth, mixed);
  const std::uint64_t many = allocations_of(10'500, driver, rate, think, depth, mixed);
  EXPECT_LE(many, few + kSlack) << "10,000 more requests";
}

TEST(Allocation, CountingWorks) {
  const std::uint64_t before = allocations.load();
  ::operator delete(::operator new(1));  // a new-expression could be optimised away
  EXPECT_EQ(allocations.load(), before + 1);
}

TEST(Allocation, NonePerRequestInTheClosedLoop) { expect_none_per_request(DriverKind::kEpoll, {}, {}, 1); }

TEST(Allocation, NonePerRequestWithPipelining) { expect_none_per_request(DriverKind::kEpoll, {}, {}, 8); }

TEST(Allocation, NonePerRequestInTheOpenLoop) { expect_none_per_request(DriverKind::kEpoll, 50'000.0, {}, 1); }

TEST(Allocation, NonePerRequestWithAMix) { expect_none_per_request(DriverKind::kEpoll, 50'000.0, {}, 8, true); }

TEST(Allocation, NonePerRequestWithPauses) {
  expect_none_per_request(DriverKind::kEpoll, {}, std::chrono::microseconds(50), 1);
}

TEST(Allocation, NonePerRequestOverIoUring) {
  if (const auto reason = why_no_uring_driver()) {
    GTEST_SKIP() << *reason;
  }
  expect_none_per_request(DriverKind::kUring, {}, {}, 1);
  expect_none_per_request(DriverKind::kUring, {}, {}, 8);
  expect_none_per_request(DriverKind::kUring, 50'000.0, {}, 1);
}

TEST(Allocation, NonePerRequestWithBlockingThreads) { expect_none_per_request(DriverKind::kThreads, {}, {}, 1); }

}  // namespace
}  // namespace fanin
