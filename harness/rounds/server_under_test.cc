#include "harness/rounds/server_under_test.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <stdexcept>
#include <system_error>

#include "harness/rounds/server_command.h"
#include "harness/suite/schema.h"
#include "net/clock.h"
#include "net/socket.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

constexpr net::Nanoseconds kReadyDeadline = std::chrono::seconds(60);  // a JVM on a busy CPU takes 20
constexpr net::Nanoseconds kConnectInterval = std::chrono::milliseconds(5);
constexpr net::Nanoseconds kStopTimeout = std::chrono::seconds(10);
constexpr int kPortTries = 100;  // of ports that other programs may use
constexpr net::Nanoseconds kStopPerConnection =
    std::chrono::microseconds(50);  // for each connection that may still be open

bool is_free(std::uint16_t port) {
  try {
    net::listen_on(net::Address::parse("127.0.0.1", port), {});
    return true;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) {
      throw;
    }
    return false;
  }
}

// A port that is free now and that the kernel gives to no other program meanwhile. A server that starts slowly binds it
// seconds later; until then connects() would take any other listener for the server.
std::uint16_t find_free_port() {
  const net::PortRange range = net::range_outside(net::local_port_range());
  std::random_device random;
  for (int tries = range.count() > 0 ? kPortTries : 0; tries > 0; --tries) {
    const auto port = static_cast<std::uint16_t>(range.first + random() % range.count());
    if (is_free(port)) {
      return port;
    }
  }
  const net::Descriptor probe = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  return net::Address::of_local_end(probe.get()).port();
}

std::vector<std::string> pad_environment(std::size_t bytes) {
  return bytes > 0 ? std::vector<std::string>{"FANIN_PADDING=" + std::string(bytes, 'x')} : std::vector<std::string>{};
}

}  // namespace

ListeningPlace parse_ready_line(const std::string& line) {
  const Json ready = parse_json_or_null(line);
  if (!ready.is_object() || !ready.contains("addresses") || !ready["addresses"].is_array()) {
    throw RoundFailure(fmt::format("the server's first line is no READY line: {}", line.substr(0, 200)));
  }
  for (const Json& address : ready["addresses"]) {
    if (address.is_object() && address.contains("host") && address["host"].is_string() && address.contains("port") &&
        address["port"].is_number_unsigned()) {
      return {address["host"].get<std::string>(), address["port"].get<std::uint16_t>()};
    }
  }
  throw RoundFailure("the server listens on no TCP port: leave '--listen unix:' out, or add '--listen 127.0.0.1:0'");
}

ServerUnderTest::ServerUnderTest(const ServerSpec& spec, const Workload& workload, const ServerStart& start)
    : is_command_(!spec.command.empty()),
      port_(is_command_ ? find_free_port() : std::uint16_t{0}),
      stop_timeout_(kStopTimeout + kStopPerConnection * workload.all_connections()),
      scratch_(spec.mentions("{scratch}") ? std::make_unique<os::TemporaryDirectory>() : nullptr),
      started_(net::now()),
      process_({.argv = server_command(spec, workload, start.program,
                                       {.port = port_,
                                        .descriptors = net::raise_descriptor_limit(),
                                        .share = start.share,
                                        .build = start.build,
                                        .scratch = scratch_ ? scratch_->path() : ""}),
                .cpus = start.cpus,
                .environment = pad_environment(start.padding),
                .ends = is_command_ ? os::Launch::Ends::kWithTree : os::Launch::Ends::kWithProgram}) {}

pid_t ServerUnderTest::root() const {
  const std::vector<pid_t> processes = os::list_descendants(process_.reaper());
  // Twice: the first list may miss children of a launcher that ends, until the reaper adopts them.
  const bool is_one = processes.size() == 1 && processes == os::list_descendants(process_.reaper());
  return !processes.empty() && (is_one || !is_command_) ? processes.front() : process_.reaper();
}

bool ServerUnderTest::connects() const {
  const net::Address address = net::Address::parse(host_, port_);
  const net::Descriptor socket = net::make_stream_socket(address.family(), net::Blocking::kYes);
  return ::connect(socket.get(), address.data(), address.size()) == 0;
}

void ServerUnderTest::read_ready_line() {
  const ListeningPlace place = parse_ready_line(process_.out().first_line());
  host_ = place.host;
  port_ = place.port;
}

void ServerUnderTest::wait_ready(int interrupt_fd) {
  const net::TimePoint deadline = started_ + kReadyDeadline;
  bool ready = false;
  while (!ready && !process_.status() && net::now() < deadline) {
    // A command announces nothing, so it is polled; the READY line of a model wakes the harness.
    const net::TimePoint next = is_command_ ? std::min(deadline, net::now() + kConnectInterval) : deadline;
    const auto ended_or_ready = [&] { return process_.status() || (!is_command_ && process_.out().has_first_line()); };
    if (os::wait_until({&process_}, -1, interrupt_fd, next, ended_or_ready) == os::WaitResult::kInterrupted) {
      throw Interrupted{};
    }
    ready = !process_.status() && (is_command_ ? connects() : process_.out().has_first_line());
  }
  if (process_.status()) {
    throw RoundFailure(describe_end());
  }
  if (!ready) {
    throw RoundFailure(fmt::format("the server was not ready after {} s",
                                   std::chrono::duration_cast<std::chrono::seconds>(kReadyDeadline).count()));
  }
  ready_time_ = net::now() - started_;
  if (!is_command_) {
    read_ready_line();
  }
}

std::string ServerUnderTest::target() const { return net::Address::parse(host_, port_).text(); }

std::string ServerUnderTest::describe_end() const {
  const std::string last_line = process_.err().last_line();
  return fmt::format("the server ended by itself: {}{}{}", process_.status()->text(), last_line.empty() ? "" : ": ",
                     last_line.substr(0, 500));
}

std::string ServerUnderTest::stop_and_collect(Json& counters) {
  const bool in_time = os::stop(process_, stop_timeout_);
  if (!process_.status()) {
    return fmt::format("the server does not end, not even by SIGKILL: end process {} yourself",
                       fmt::join(os::list_descendants(process_.reaper()), ", "));
  }
  const os::ExitStatus status = *process_.status();
  if (is_command_) {
    // Commands may die of SIGTERM or exit with any code; other signals are crashes.
    const bool crashed = status.signal != 0 && status.signal != SIGTERM && status.signal != SIGKILL;
    return crashed ? fmt::format("the server ended with {}", status.text()) : "";
  }
  if (!in_time) {
    return fmt::format("the server did not end within {} of SIGTERM", net::format_duration(stop_timeout_));
  }
  if (!status.clean()) {
    return fmt::format("the server ended with {} after SIGTERM", status.text());
  }
  const Json last = parse_json_or_null(process_.out().last_line());
  if (!last.is_object() || !last.contains("counters") || !last["counters"].is_object()) {
    return "the server's last line holds no counters";
  }
  try {
    check_schema(JsonReader(last["counters"], "counters"), "run", "counters");
  } catch (const std::invalid_argument& error) {
    return fmt::format("the server's last line holds no counters: {}", error.what());
  }
  counters = last["counters"];
  return "";
}

}  // namespace fanin::harness
