#include <fmt/format.h>

#include <string_view>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/records/clock.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr Nanoseconds kLongestWarmup = std::chrono::seconds(10);  // of --warmup auto

double highest_rate() { return find_option("rate").number.max; }

bool is_rate(double rate_per_s) { return rate_per_s > 0 && rate_per_s <= highest_rate(); }

double parse_rate(std::string_view text, const std::string& whole) {
  const double rate = os::parse_number(text).value_or(-1);
  if (!(rate >= 0 && rate <= highest_rate())) {
    refuse(
        fmt::format("--ramp {}: '{}' is no rate from 0 to {}: give FROM..TO in requests per second, such as 1000..5000",
                    whole, text, highest_rate()));
  }
  return rate;
}

// The ramp takes the window's length, and what is before the window has the rate that it begins with.
void set_ramp(const LoadOptions& options, LoadPlan& plan) {
  const std::string& text = *options.ramp;
  const auto dots = text.find("..");
  if (dots == std::string::npos) {
    refuse(fmt::format("--ramp {} has no '..': give FROM..TO in requests per second, such as 1000..5000", text));
  }
  RateRamp ramp{.from_per_s = parse_rate(std::string_view(text).substr(0, dots), text),
                .to_per_s = parse_rate(std::string_view(text).substr(dots + 2), text)};
  if (ramp.mean_per_s() <= 0) {
    refuse(fmt::format("--ramp {} asks for nothing: one of its rates must be above 0", text));
  }
  if (plan.arrival != ArrivalKind::kPoisson && plan.arrival != ArrivalKind::kUniform) {
    refuse(fmt::format("--ramp needs --arrival poisson or uniform: {} arrivals have one rate",
                       arrival_name(plan.arrival)));
  }
  plan.rate_per_s = ramp.mean_per_s();
  plan.ramp = ramp;  // its times follow in set_times
}

void set_trace(const LoadOptions& options, LoadPlan& plan) {
  plan.arrival = ArrivalKind::kTrace;
  plan.trace = options.trace;
  plan.rate_per_s = plan.rate_per_s.value_or(plan.trace->rate_per_s());
  if (!is_rate(*plan.rate_per_s)) {
    refuse(fmt::format("{} asks for {:.0f} requests/s, which is out of range: give --rate to slow it down",
                       plan.trace->file(), *plan.rate_per_s));
  }
}

void set_bursts(const std::string& size, LoadPlan& plan) {
  const CountBounds& bounds = find_option("burst-size").count;
  const std::int64_t count = os::parse_count(size).value_or(0);
  if (count < bounds.min || count > bounds.max) {
    refuse(fmt::format("--arrival bursts:{} is out of range: give bursts:N, N from {} to {}", size, bounds.min,
                       bounds.max));
  }
  plan.arrival = ArrivalKind::kBursts;
  plan.burst_size = static_cast<std::uint32_t>(count);
}

void set_arrival(const LoadOptions& options, LoadPlan& plan) {
  plan.rate_per_s = options.rate_per_s;
  const std::string arrival = options.arrival.value_or("poisson");
  const std::string name = arrival.substr(0, arrival.find(':'));
  const std::string detail = name.size() < arrival.size() ? arrival.substr(name.size() + 1) : "";
  if (options.trace) {
    set_trace(options, plan);
  } else if (name == "bursts") {
    set_bursts(detail, plan);
  } else if (arrival == "uniform") {
    plan.arrival = ArrivalKind::kUniform;
  } else if (arrival != "poisson") {
    refuse(fmt::format("unknown arrival '{}': choose one of poisson, uniform, bursts:N, trace:FILE", arrival));
  }
  if (options.ramp) {
    set_ramp(options, plan);
  }
  if (options.arrival && !plan.rate_per_s) {
    refuse("--arrival needs --rate: without one the loop is closed and has no schedule");
  }
}

// A request that asks the server to close the connection is the last one on it. In a mix that depends on the class,
// which the workload knows.
void set_requests_per_connection(const LoadOptions& options, LoadPlan& plan) {
  const bool tutorial = plan.driver == DriverKind::kThreads && !plan.rate_per_s;
  std::int64_t count = options.requests_per_connection.value_or(tutorial ? 1 : 0);
  if (plan.asks_to_close && !plan.mix) {
    if (count > 1) {
      refuse(
          fmt::format("--requests-per-connection {} contradicts --header 'Connection: close', after which no request "
                      "may follow: leave one out",
                      count));
    }
    count = 1;
  }
  if (plan.connect_on_demand && count > 1) {
    refuse(
        fmt::format("--requests-per-connection {} contradicts protocol {}, which takes a connection for each: leave "
                    "it out",
                    count, plan.protocol_name));
  }
  plan.requests_per_connection = plan.connect_on_demand ? 0 : static_cast<std::uint32_t>(count);
}

}  // namespace

void set_loop(const LoadOptions& options, LoadPlan& plan) {
  set_arrival(options, plan);
  const bool tutorial = plan.driver == DriverKind::kThreads;
  plan.think_time =
      options.think_time.value_or(tutorial && !plan.rate_per_s ? std::chrono::seconds(1) : Nanoseconds(0));
  if (plan.think_time > Nanoseconds(0) && plan.rate_per_s) {
    refuse("--think-time needs a closed loop: with --rate the schedule says when requests are sent");
  }
  plan.pipeline = static_cast<std::uint32_t>(options.pipeline);
  if (std::int64_t{plan.connections} * plan.pipeline > kMaxInFlight) {
    refuse(fmt::format("--connections times --pipeline is above {}: give less of one", kMaxInFlight));
  }
  if (plan.pipeline > 1 && (tutorial || plan.connect_on_demand)) {
    refuse(fmt::format("--pipeline {} needs event loops and a protocol with several requests per connection",
                       plan.pipeline));
  }
  set_requests_per_connection(options, plan);
}

void set_times(const LoadOptions& options, LoadPlan& plan) {
  plan.duration = options.duration.value_or(kDefaultDuration);
  plan.requests = options.requests;
  plan.warmup_until_steady = options.warmup == "auto";
  plan.warmup = plan.warmup_until_steady ? kLongestWarmup : net::parse_duration(options.warmup);
  if (plan.ramp && plan.warmup_until_steady) {
    refuse("--warmup auto needs one rate: give --ramp a warm-up such as 1s");
  }
  if (plan.ramp) {
    plan.ramp->begin = plan.warmup;
    plan.ramp->length = plan.duration;
  }
  plan.timeout = options.timeout;
}

}  // namespace fanin::load
