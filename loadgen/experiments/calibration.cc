#include "loadgen/experiments/calibration.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "loadgen/drivers/direct_io.h"
#include "loadgen/reports/report.h"
#include "net/affinity.h"
#include "net/descriptor.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (const std::size_t colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

std::string delay_row(std::string_view name, const Histogram& histogram) {
  return fmt::format("  {:<16}p50 {:>9}, p99 {:>9}, max {:>9}\n", name, percentile_text(histogram, 5000),
                     percentile_text(histogram, 9900), os::format_time(histogram.max()));
}

std::string ceiling_row(const DriverCeiling& ceiling) {
  if (!ceiling.measured_per_s) {
    return fmt::format("  {:<16}{}\n", driver_name(ceiling.driver), ceiling.why_none());
  }
  return fmt::format("  {:<16}{:>12}, {} of CPU per request, {:.0f} % of its CPU{}\n", driver_name(ceiling.driver),
                     os::format_rate(*ceiling.measured_per_s),
                     os::format_time(Nanoseconds(std::llround(ceiling.generator_ns_per_request.value_or(0)))),
                     ceiling.generator_utilisation.value_or(0) * 100,
                     ceiling.reached() ? "" : ": not the ceiling, which needs 90 %");
}

Json ceiling_json(const DriverCeiling& ceiling) {
  const auto& used = ceiling.generator_utilisation;
  const auto& cost = ceiling.generator_ns_per_request;
  const auto& measured = ceiling.measured_per_s;
  return {{"driver", driver_name(ceiling.driver)},
          {"requests_per_s", ceiling.reached() ? Json(*measured) : Json()},
          {"reason", ceiling.reached() ? Json() : Json(ceiling.why_none())},
          {"measured_per_s", measured ? Json(*measured) : Json()},
          {"cpu_per_request_ns", cost ? Json(*cost) : Json()},
          {"generator_utilisation", used ? Json(*used) : Json()}};
}

// A calibration is not nested more deeply; copying deeper JSON would overflow the stack.
constexpr int kMaxDepth = 16;

constexpr int kSchemaVersion = 2;

// No run of the calibration is slower or faster: a valid one has a reply, and no request takes less than 1 ns.
constexpr double kMinCeiling = 0.1;
constexpr double kMaxCeiling = 1e9;

// No figure of a calibration is negative, and no rate is out of range.
bool is_plausible(const Json& json, bool is_rate = false) {
  if (json.is_number()) {
    const double value = json.get<double>();
    return is_rate ? value >= kMinCeiling && value <= kMaxCeiling : value >= 0;
  }
  if (!json.is_structured()) {
    return true;
  }
  const auto items = json.items();
  return std::all_of(items.begin(), items.end(), [](const auto& item) {
    return is_plausible(item.value(), item.key() == "requests_per_s" || item.key() == "measured_per_s");
  });
}

Json parse_file(const os::InputFile& file) {
  const auto is_shallow = [](int depth, Json::parse_event_t, const Json&) { return depth <= kMaxDepth; };
  Json json = Json::parse(file.content, is_shallow, false);
  if (!json.is_object() || json.value("schema", Json()) != "fanin-calibration") {
    throw std::invalid_argument(fmt::format(
        "--calibration {}: no calibration: write one with fanin-load calibrate --json {}", file.path, file.path));
  }
  if (json.value("schema_version", Json()) != kSchemaVersion) {
    throw std::invalid_argument(fmt::format(
        "--calibration {}: written by another version of fanin-load: write a new one with fanin-load calibrate "
        "--json {}",
        file.path, file.path));
  }
  if (!is_plausible(json)) {
    throw std::invalid_argument(fmt::format(
        "--calibration {}: no run measures its figures: write a new one with fanin-load calibrate --json {}", file.path,
        file.path));
  }
  return json;
}

constexpr Nanoseconds kWait = std::chrono::milliseconds(1);
constexpr Nanoseconds kShortestSleep = std::chrono::microseconds(1);  // a shorter one may end before the call sleeps

// As the epoll driver sleeps.
class Sleeper {
 public:
  Sleeper() : epoll_(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) { ::prctl(PR_SET_TIMERSLACK, 1); }
  void sleep(Nanoseconds length) noexcept {
    const timespec timeout = net::to_timespec(length);
    direct_epoll_wait(epoll_.get(), &event_, 1, &timeout);
  }

 private:
  net::Descriptor epoll_;
  epoll_event event_{};
};

}  // namespace

std::string DriverCeiling::why_none() const {
  return measured_per_s
             ? fmt::format(
                   "the ceiling of the driver {} was not reached: at {} the generator used {:.0f} % of its CPU; "
                   "the echo server, or other programs, were the limit",
                   driver_name(driver), os::format_rate(*measured_per_s), generator_utilisation.value_or(0) * 100)
             : "not measured: " + reason;
}

void describe_machine(Calibration& calibration) {
  utsname names{};
  ::uname(&names);
  calibration.kernel = names.release;
  calibration.cpu = cpu_model();
}

std::string calibration_text(const Calibration& calibration) {
  std::string text =
      fmt::format("{}, Linux {}; generator on CPU {}, echo server on {}\n\n", calibration.cpu, calibration.kernel,
                  net::format_cpu_list(calibration.generator_cpus), net::format_cpu_list(calibration.server_cpus));
  text += "  ceiling per driver: closed loop, 64-byte echo, 50 connections\n";
  for (const DriverCeiling& ceiling : calibration.ceilings) {
    text += ceiling_row(ceiling);
  }
  text += "\n  how late a wait of 1 ms ends\n";
  text += delay_row("asleep", calibration.delay_asleep);
  text += delay_row("spinning", calibration.delay_spinning);
  text += delay_row("shortest sleep", calibration.shortest_sleep);
  return text + fmt::format("  {:<16}{:.0f} ns to read\n  {:<16}{:.3g} of {} and more a second, the longest {}\n",
                            "clock", calibration.clock_ns, "preemptions", calibration.preemptions_per_s,
                            os::format_time(BusyPollMeter::kMinPreemption),
                            os::format_time(calibration.longest_preemption));
}

Json calibration_json(const Calibration& calibration) {
  Json ceilings = Json::array();
  for (const DriverCeiling& ceiling : calibration.ceilings) {
    ceilings.push_back(ceiling_json(ceiling));
  }
  return {{"schema", "fanin-calibration"},
          {"schema_version", kSchemaVersion},
          {"version", FANIN_VERSION},
          {"started_at", timestamp(calibration.started_at)},
          {"kernel", calibration.kernel},
          {"cpu", calibration.cpu},
          {"generator_cpus", calibration.generator_cpus},
          {"server_cpus", calibration.server_cpus},
          {"ceilings", std::move(ceilings)},
          {"clock_ns", calibration.clock_ns},
          {"delay_asleep", histogram_json(calibration.delay_asleep)},
          {"delay_spinning", histogram_json(calibration.delay_spinning)},
          {"shortest_sleep", histogram_json(calibration.shortest_sleep)},
          {"preemptions",
           {{"from_ns", BusyPollMeter::kMinPreemption.count()},
            {"per_s", calibration.preemptions_per_s},
            {"longest_ns", calibration.longest_preemption.count()}}}};
}

CeilingRead read_ceiling(const os::InputFile& file, DriverKind driver) {
  const Json json = parse_file(file);
  Calibration here;
  describe_machine(here);
  if (json.value("kernel", Json()) != here.kernel || json.value("cpu", Json()) != here.cpu) {
    throw std::invalid_argument(fmt::format(
        "--calibration {}: it is from another machine or kernel: run fanin-load calibrate here", file.path));
  }
  for (const Json& ceiling : json.value("ceilings", Json::array())) {
    if (!ceiling.is_object() || ceiling.value("driver", Json()) != driver_name(driver)) {
      continue;
    }
    const auto positive = [&ceiling](const char* key) {
      const Json value = ceiling.value(key, Json());
      return value.is_number() && value > 0;
    };
    if (positive("requests_per_s")) {
      return {ceiling["requests_per_s"].get<double>(), ""};
    }
    if (positive("measured_per_s") && ceiling.value("reason", Json()).is_string()) {
      return {std::nullopt, ceiling["reason"].get<std::string>()};
    }
  }
  throw std::invalid_argument(fmt::format("--calibration {}: it has no ceiling of the driver {}: give another --driver",
                                          file.path, driver_name(driver)));
}

double clock_cost_ns() {
  constexpr int kReadings = 1000;
  std::array<double, 101> batches{};
  for (double& batch : batches) {
    const TimePoint begin = net::now();
    TimePoint last = begin;
    for (int i = 0; i < kReadings; ++i) {
      last = net::now();
    }
    batch = static_cast<double>((last - begin).count()) / kReadings;
  }
  std::nth_element(batches.begin(), batches.begin() + batches.size() / 2, batches.end());
  return batches[batches.size() / 2];
}

Histogram wake_up_delays(IdleStrategy kind, int times) {
  Sleeper sleeper;
  Histogram delays;
  for (int i = 0; i < times; ++i) {
    const TimePoint due = net::now() + kWait;
    if (kind == IdleStrategy::kSleep) {
      sleeper.sleep(kWait);
    }
    TimePoint at = net::now();
    while (at < due) {
      at = net::now();
    }
    delays.record(at - due);
  }
  return delays;
}

Histogram shortest_sleeps(int times) {
  Sleeper sleeper;
  Histogram lengths;
  for (int i = 0; i < times; ++i) {
    const TimePoint begin = net::now();
    sleeper.sleep(kShortestSleep);
    lengths.record(net::now() - begin);
  }
  return lengths;
}

BusyPollMeter::Preemptions preemptions_within(Nanoseconds length) {
  BusyPollMeter meter;
  const TimePoint end = net::now() + length;
  for (TimePoint at = net::now(); at < end; at = net::now()) {
    meter.idle(at, true);
  }
  return meter.preemptions();
}

}  // namespace fanin::load
