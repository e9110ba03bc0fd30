#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <optional>

#include "loadgen/experiments/calibration.h"
#include "loadgen/experiments/echo_peer.h"
#include "loadgen/experiments/load_process.h"
#include "loadgen/plan/command_line.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/reports/report.h"
#include "loadgen/reports/result_file.h"
#include "net/affinity.h"
#include "os/command_line.h"
#include "os/program.h"

namespace fanin::load {
namespace {

constexpr int kEndedEarly = 130;
constexpr std::int64_t kConnections = 50;
constexpr Nanoseconds kRunLength = std::chrono::seconds(2);
constexpr int kTrials = 1000;  // as many as a p99 needs
constexpr Nanoseconds kPreemptionWatch = std::chrono::seconds(1);

// With two CPUs or more the generator has one of its own: the last, unless --cpus is given.
void divide_cpus(const std::string& wish, Calibration& calibration) {
  const std::vector<int> all = allowed_cpus();
  calibration.generator_cpus = wish.empty() ? std::vector<int>{all.back()} : parse_cpu_list(wish);
  std::set_difference(all.begin(), all.end(), calibration.generator_cpus.begin(), calibration.generator_cpus.end(),
                      std::back_inserter(calibration.server_cpus));
  if (calibration.server_cpus.empty()) {
    calibration.server_cpus = all;
  }
}

LoadOptions ceiling_options(const EchoPeer& peer, DriverKind driver) {
  LoadOptions options;
  options.target = peer.address().text();
  options.driver = driver_name(driver);
  options.connections = kConnections;
  options.protocol_options = {{"payload-bytes", "64"}};
  options.think_time = Nanoseconds(0);
  options.requests_per_connection = 0;
  options.duration = kRunLength;
  options.server_pids = {peer.pid()};
  return options;
}

DriverCeiling measure_ceiling(LoadProcess& process, const EchoPeer& peer, DriverKind driver, bool& interrupted) {
  DriverCeiling ceiling;
  ceiling.driver = driver;
  if (const auto reason = why_no_uring_driver(); driver == DriverKind::kUring && reason) {
    ceiling.reason = *reason;
    return ceiling;
  }
  const Outcome outcome = process.run(LoadProcess::prepare(ceiling_options(peer, driver)));
  interrupted = outcome.result.interrupted;
  if (outcome.verdict.status == Status::kInvalid) {
    ceiling.reason = outcome.verdict.reasons.front().text;
    return ceiling;
  }
  ceiling.measured_per_s = outcome.result.requests_per_s();
  ceiling.generator_ns_per_request = outcome.result.generator_ns_per_request();
  ceiling.generator_utilisation = outcome.verdict.generator_utilisation;
  return ceiling;
}

void measure_clock(Calibration& calibration) {
  calibration.clock_ns = clock_cost_ns();
  calibration.delay_asleep = wake_up_delays(IdleStrategy::kSleep, kTrials);
  calibration.delay_spinning = wake_up_delays(IdleStrategy::kSpin, kTrials);
  calibration.shortest_sleep = shortest_sleeps(kTrials);
  const BusyPollMeter::Preemptions preemptions = preemptions_within(kPreemptionWatch);
  calibration.preemptions_per_s =
      static_cast<double>(preemptions.count) / std::chrono::duration<double>(kPreemptionWatch).count();
  calibration.longest_preemption = preemptions.longest;
}

std::optional<int> parse(int argc, char** argv, LoadOptions& options) {
  CLI::App app("Calibrate the generator's ceiling and timer accuracy on this machine.", "fanin-load calibrate");
  refuse_empty(app.add_option("--cpus", options.cpus, "CPUs of the generator; the echo server gets the others"));
  refuse_empty(app.add_option("--json", options.json_path,
                              "write the result to this file, for --calibration; - is standard output"));
  app.add_flag("--quiet", options.quiet, "no progress, no summary");
  return parse_command_line(app, argc, argv);
}

}  // namespace

int calibrate(int argc, char** argv) {
  LoadOptions options;
  if (const auto exit_code = parse(argc, argv, options)) {
    return *exit_code;
  }
  Calibration calibration;
  calibration.started_at = std::chrono::system_clock::now();
  describe_machine(calibration);
  divide_cpus(options.cpus, calibration);
  refuse_shared_files(options);
  std::optional<ResultFile> file;
  if (!options.json_path.empty()) {
    file.emplace(options.json_path);
  }
  const EchoPeer peer(calibration.server_cpus);
  options.cpus = format_cpu_list(calibration.generator_cpus);
  LoadProcess process(options);
  for (const DriverKind driver : {DriverKind::kUring, DriverKind::kEpoll, DriverKind::kThreads}) {
    bool interrupted = false;
    calibration.ceilings.push_back(measure_ceiling(process, peer, driver, interrupted));
    if (interrupted) {
      return kEndedEarly;
    }
  }
  measure_clock(calibration);
  if (process.text() != nullptr) {
    print_text(process.text(), calibration_text(calibration));
  }
  if (file) {
    file->write(to_text(calibration_json(calibration)));
  }
  return 0;
}

}  // namespace fanin::load
