#include "loadgen/options_schedule.h"

#include <fmt/format.h>

#include <limits>

#include "loadgen/option_checks.h"

namespace fanin {
namespace {

constexpr std::int64_t kMostDepth = 65535;
constexpr std::int64_t kMostInFlight = 100'000'000;  // 16 bytes each
constexpr double kHighestRate = 1e8;

}  // namespace

void set_loop(const LoadOptions& options, LoadPlan& plan) {
  plan.rate_per_s = options.rate_per_s;
  if (plan.rate_per_s && !(*plan.rate_per_s > 0 && *plan.rate_per_s <= kHighestRate)) {
    refuse(fmt::format("--rate {} is out of range: give requests per second, above 0", *plan.rate_per_s));
  }
  if (options.arrival && !plan.rate_per_s) {
    refuse("--arrival needs --rate: without one the loop is closed and has no schedule");
  }
  plan.arrival = parse_arrival(options.arrival.value_or("poisson"));
  const bool tutorial = plan.driver == DriverKind::kThreads;
  plan.think = options.think.value_or(tutorial && !plan.rate_per_s ? std::chrono::seconds(1) : Nanoseconds(0));
  if (plan.think > Nanoseconds(0) && plan.rate_per_s) {
    refuse("--think needs a closed loop: with --rate the schedule says when requests are sent");
  }
  plan.depth = static_cast<std::uint32_t>(in_range("--depth", options.depth, 1, kMostDepth));
  in_range("--connections times --depth,", std::int64_t{plan.connections} * plan.depth, 1, kMostInFlight);
  if (plan.depth > 1 && (tutorial || plan.connect_on_demand)) {
    refuse(fmt::format("--depth {} needs the epoll driver and a protocol with several requests per connection",
                       plan.depth));
  }
  const std::int64_t per_connection = options.requests_per_connection.value_or(tutorial && !plan.rate_per_s ? 1 : 0);
  plan.requests_per_connection = static_cast<std::uint32_t>(in_range(
      "--requests-per-connection", plan.connect_on_demand ? 0 : per_connection, 0, std::numeric_limits<int>::max()));
}

void set_times(const LoadOptions& options, LoadPlan& plan) {
  if (options.duration && options.requests) {
    refuse("--duration and --requests contradict each other: give one");
  }
  plan.duration = positive("--duration", options.duration.value_or(std::chrono::seconds(10)));
  if (options.requests) {
    plan.requests = static_cast<std::uint64_t>(
        in_range("--requests", *options.requests, 1, std::numeric_limits<std::int64_t>::max()));
  }
  plan.warmup = options.warmup;
  plan.timeout = positive("--timeout", options.timeout);
}

}  // namespace fanin
