#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loadgen/plan/condition.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/records/clock.h"
#include "loadgen/records/server_processes.h"
#include "loadgen/schedule/arrival.h"
#include "loadgen/schedule/slices.h"
#include "net/socket.h"
#include "protocols/client_protocol.h"
#include "protocols/request_mix.h"

namespace fanin::load {

// Who closes a connection that has made its number of requests, and how.
enum class CloseKind { kFin, kRst, kServer };

std::string_view close_name(CloseKind kind) noexcept;  // as on the command line

using ClientFactory = std::function<std::unique_ptr<protocols::ClientProtocol>()>;

// A class of requests in a mix.
struct RequestClass {
  std::string name;
  double weight = 1;
  bool asks_to_close = false;
  std::string text;  // as given
  std::size_t request_bytes = 0;
  std::optional<std::uint32_t> connections;  // that have this class alone; none: every connection has all classes
};

// The plan of a run, checked, with every default filled in. A value; shared read-only by all threads.
struct LoadPlan {
  net::Address target;
  DriverKind driver = DriverKind::kEpoll;
  std::string driver_reason;
  unsigned threads = 1;           // with the threads driver: as many as connections
  std::uint32_t connections = 1;  // active ones
  std::uint32_t idle = 0;
  unsigned idle_threads = 0;      // event loops that hold the idle ones; 0: they are spread over the active ones' loops
  bool verify_idle = false;       // every idle connection is served once before it idles
  std::uint32_t connecting = 64;  // at the same time, in each thread; the default is well below any accept queue
  std::string protocol_name;
  ClientFactory make_client;       // every thread has a client's half of its own
  std::size_t request_bytes = 0;   // that one request puts on the wire; of a mix on average
  bool connect_on_demand = false;  // the protocol takes a connection per request
  bool asks_to_close = false;      // requests ask the server to close the connection, or some of a mix do
  bool has_statuses = false;       // every reply has a status, which is counted
  std::shared_ptr<const protocols::RequestMix> mix;  // null: all requests are of one kind
  std::vector<RequestClass> classes;                 // of the mix
  std::optional<double> rate_per_s;                  // none: closed loop
  ArrivalKind arrival = ArrivalKind::kPoisson;       // the next four: see ArrivalPlan
  std::uint32_t burst_size = 1;
  std::optional<RateRamp> ramp;  // rate_per_s is then its mean over the window
  std::shared_ptr<const os::ArrivalTrace> trace;
  Nanoseconds duration{0};
  std::optional<std::uint64_t> requests;  // rules over duration
  Nanoseconds warmup{0};
  bool warmup_until_steady = false;  // the window opens as soon as the throughput is steady; warmup is then the longest
  std::uint32_t pipeline = 1;
  Nanoseconds think_time{0};
  std::uint32_t requests_per_connection = 0;
  Nanoseconds timeout{0};
  std::optional<std::uint64_t> send_bytes_per_s;  // of each active connection; none: as fast as it goes
  std::optional<std::uint64_t> read_bytes_per_s;
  std::optional<int> receive_buffer_bytes;  // SO_RCVBUF
  std::optional<double> aborts_per_s;       // connections that reset in the middle of a request
  Nanoseconds trickle{0};                   // how often each idle connection sends a byte; 0: never
  CloseKind close = CloseKind::kFin;
  std::uint64_t seed = 1;
  ServerProcesses server;
  IdleStrategyChoice idle_strategy;     // of event loops
  unsigned cpus = 0;                    // that the generator may use; 0: not known
  std::optional<double> ceiling_per_s;  // of the driver on this machine, as calibrated, with as many threads
  std::string ceiling_reason;           // why a calibration has none; empty: it has, or there is no calibration
  bool allow_busy = false;              // a busy machine is a warning, however busy
  std::string machine_busy;             // why other programs keep the machine busy; empty: they do not
  bool timestamps = false;  // of the kernel, in addition to those of the generator's clock; with the epoll driver
  std::optional<SlicePlan> slices;  // interleaved with other targets

  std::vector<Condition> assertions;  // about the result

  // Options that the result repeats as given, by their keys in it: texts with their escapes, and numbers.
  std::vector<std::pair<std::string, std::string>> protocol_texts;
  std::vector<std::pair<std::string, std::int64_t>> given_counts;

  // Connections are closed and reopened during the run.
  bool churns() const noexcept { return requests_per_connection > 0 || connect_on_demand || asks_to_close; }

  // Sets the protocol, and what plan and report have to know of its requests.
  void use_protocol(std::string name, ClientFactory factory);
};

// Sends that leave later than this after their time count as late: 100 us, or a hundredth of the mean gap (between
// bursts, where several requests are due at once) if longer; in bursts also up to 10 us for each request, since they
// leave one after the other, but no more than a tenth of the gap. Precondition: the plan has a rate.
Nanoseconds lateness_tolerance(const LoadPlan& plan) noexcept;

// Connections to abort that are open at the same time, at most, for each target.
inline constexpr std::uint32_t kMaxOpenAborts = 1024;

// The part of a whole that falls to one of `shares`: as even as can be, the first ones take the rest.
constexpr std::uint64_t compute_share(std::uint64_t whole, unsigned share, unsigned shares) noexcept {
  return whole / shares + (share < whole % shares ? 1 : 0);
}

// Sum of the shares before this one.
constexpr std::uint64_t share_begin(std::uint64_t whole, unsigned share, unsigned shares) noexcept {
  const std::uint64_t rest = whole % shares;
  return whole / shares * share + (share < rest ? share : rest);
}

// How often a driver looks for timeouts, retries and interrupts.
inline constexpr Nanoseconds kTick = std::chrono::milliseconds(10);

}  // namespace fanin::load
