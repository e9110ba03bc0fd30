#include "loadgen/plan/options_pace.h"

#include <fmt/format.h>

#include "loadgen/plan/option_checks.h"
#include "loadgen/plan/plan.h"

namespace fanin::load {
namespace {

constexpr std::int64_t kMaxBytesPerSecond = 1'000'000'000'000;
constexpr std::int64_t kLargestBuffer = 1 << 30;

std::optional<std::uint64_t> check_rate(const char* option, const std::optional<std::int64_t>& rate,
                                        const LoadPlan& plan) {
  if (!rate) {
    return std::nullopt;
  }
  if (!has_event_loops(plan.driver)) {
    refuse(fmt::format("{} needs event loops: choose --driver epoll, or leave it to fanin-load", option));
  }
  return static_cast<std::uint64_t>(in_range(option, *rate, 1, kMaxBytesPerSecond));
}

void set_trickle(const LoadOptions& options, LoadPlan& plan) {
  if (!options.trickle) {
    return;
  }
  plan.trickle = positive("--trickle", *options.trickle);
  if (plan.idle == 0) {
    refuse("--trickle needs --idle-connections: it is idle connections that send a byte from time to time");
  }
  if (plan.requests) {
    refuse("--trickle needs --duration: a number of requests does not say for how long");
  }
  if (plan.trickle < kTick) {
    refuse("--trickle is too short: give 10ms or more");
  }
  if (plan.request_bytes < 2) {
    refuse("--trickle needs requests of at least two bytes, since it never sends the last one: give --payload-bytes");
  }
}

}  // namespace

void set_pace(const LoadOptions& options, LoadPlan& plan) {
  plan.send_bytes_per_s = check_rate("--send-bytes-per-s", options.send_rate, plan);
  plan.read_bytes_per_s = check_rate("--read-bytes-per-s", options.read_rate, plan);
  if (options.receive_buffer) {
    plan.receive_buffer_bytes =
        static_cast<int>(in_range("--receive-buffer-bytes", *options.receive_buffer, 1, kLargestBuffer));
  }
  set_trickle(options, plan);
}

}  // namespace fanin::load
