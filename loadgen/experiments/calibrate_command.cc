#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <iterator>
#include <optional>
#include <vector>

#include "loadgen/experiments/calibration.h"
#include "loadgen/experiments/load_process.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/options.h"
#include "loadgen/reports/report.h"
#include "net/affinity.h"
#include "net/socket.h"
#include "os/command_line.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::load {
namespace {

void take_connections(int epoll, int listener) noexcept {
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      return;
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = connection}};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event) != 0) {
      ::close(connection);
    }
  }
}

// Requests of a calibration are far smaller than a socket buffer, so a send is complete.
void echo(int connection) noexcept {
  std::array<char, 65536> buffer;
  const ssize_t length = ::recv(connection, buffer.data(), buffer.size(), 0);
  const bool again = length < 0 && errno == EAGAIN;
  if (!again &&
      (length <= 0 || ::send(connection, buffer.data(), static_cast<std::size_t>(length), MSG_NOSIGNAL) < 0)) {
    ::close(connection);
  }
}

[[noreturn]] void serve(int listener) noexcept {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
    ::_exit(1);
  }
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      fd == listener ? take_connections(epoll, listener) : echo(fd);
    }
  }
}

// A minimal echo server to measure the generator against: a child process with one thread and epoll, without parsing or
// counting. Ends with this object, and with its parent.
class EchoPeer {
 public:
  // On `cpus`; empty: wherever this process may run. Throws std::system_error. Call it before there are other threads.
  explicit EchoPeer(const std::vector<int>& cpus);
  ~EchoPeer();
  EchoPeer(const EchoPeer&) = delete;
  EchoPeer& operator=(const EchoPeer&) = delete;

  const net::Address& address() const noexcept { return address_; }
  pid_t pid() const noexcept { return pid_; }

 private:
  net::Address address_;
  pid_t pid_;
};

EchoPeer::EchoPeer(const std::vector<int>& cpus) : address_(net::Address::parse("127.0.0.1", 0)) {
  const net::Descriptor listener = net::listen_on(address_, {.nonblocking = true});
  address_ = net::Address::of_local_end(listener.get());
  const pid_t parent = ::getpid();
  pid_ = net::check(::fork(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGINT, SIG_IGN);  // of the terminal: the parent ends it
    if (::getppid() != parent) {
      ::_exit(1);
    }
    try {
      if (!cpus.empty()) {
        net::bind_to_cpus(cpus);
      }
    } catch (const std::exception&) {
      ::_exit(1);  // the parent then cannot connect
    }
    serve(listener.get());
  }
}

EchoPeer::~EchoPeer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

constexpr std::int64_t kConnections = 50;
constexpr Nanoseconds kRunLength = std::chrono::seconds(2);
constexpr int kTrials = 1000;  // as many as a p99 needs
constexpr Nanoseconds kPreemptionWatch = std::chrono::seconds(1);

// With two CPUs or more the generator has one of its own: the last, unless --cpus is given.
void divide_cpus(const std::string& wish, Calibration& calibration) {
  const std::vector<int> all = net::allowed_cpus();
  calibration.generator_cpus = wish.empty() ? std::vector<int>{all.back()} : net::parse_cpu_list(wish);
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
  options.allow_busy = true;  // a generator that waits for a CPU is not saturated, which is the reason then
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
  os::refuse_empty(app.add_option("--cpus", options.cpus, "CPUs of the generator; the echo server gets the others"));
  os::refuse_empty(app.add_option("--json", options.json_path,
                                  "write the result to this file, for --calibration; - is standard output"));
  app.add_flag("--quiet", options.quiet, "no progress, no summary");
  return os::parse_command_line(app, argc, argv);
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
  std::optional<os::ResultFile> file;
  if (!options.json_path.empty()) {
    file.emplace(options.json_path);
  }
  const EchoPeer peer(calibration.server_cpus);
  options.cpus = net::format_cpu_list(calibration.generator_cpus);
  if (const std::string busy = os::why_busy(os::read_machine_load()); !busy.empty() && !options.quiet) {
    os::print_error("fanin-load",
                    fmt::format("this machine is busy: {}: stop other programs, and calibrate again", busy));
  }
  LoadProcess process(options);
  for (const DriverKind driver : {DriverKind::kUring, DriverKind::kEpoll, DriverKind::kThreads}) {
    bool interrupted = false;
    calibration.ceilings.push_back(measure_ceiling(process, peer, driver, interrupted));
    if (interrupted) {
      return static_cast<int>(os::ExitCode::kInterrupted);
    }
  }
  measure_clock(calibration);
  if (process.text() != nullptr) {
    os::print_text(process.text(), calibration_text(calibration));
  }
  if (file) {
    file->write(to_text(calibration_json(calibration)));
  }
  return 0;
}

}  // namespace fanin::load
