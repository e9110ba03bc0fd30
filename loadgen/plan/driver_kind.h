#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::load {

// How a generator moves bytes: event loops over many connections each (epoll, io_uring), or a blocking thread for each.
enum class DriverKind { kEpoll, kUring, kThreads };

std::string_view driver_name(DriverKind kind) noexcept;
constexpr bool has_event_loops(DriverKind kind) noexcept { return kind != DriverKind::kThreads; }

struct DriverChoice {
  DriverKind kind = DriverKind::kEpoll;
  std::string reason;
};

// `requested` is a name, or auto for the cheapest that works here. `why_no_uring`: why io_uring cannot be used, if so.
// Throws std::invalid_argument for an unknown name or one that cannot be granted.
DriverChoice choose_driver(std::string_view requested, const std::optional<std::string>& why_no_uring);

// Why the io_uring driver cannot be used here, or nothing.
std::optional<std::string> why_no_uring_driver();

// How an event loop passes the time until something is due. Asleep, it leaves its CPU to others and pays for it with
// the wake-up: 40 us and more where an idle virtual CPU is halted, which would make sends late and replies look late.
enum class IdleStrategy { kSleep, kSpin };

struct IdleStrategyChoice {
  IdleStrategy kind = IdleStrategy::kSleep;
  std::string reason;
};

// The inputs of the choice.
struct IdleStrategyInputs {
  std::string requested = "auto";  // auto, sleep or spin
  bool open_loop = false;
  bool event_loops = true;  // one thread per connection is too many to spin
  unsigned threads = 1;
  std::vector<int> own_cpus;     // that the generator may use
  std::vector<int> server_cpus;  // that the server may use; empty: not known
  bool pinned = false;           // own_cpus are fewer than the machine has, so somebody has divided them
};

// auto spins in an open loop where every thread can have a CPU that the server does not need. A closed loop sleeps: it
// has no schedule to keep, and its CPU cost per request is one of its results.
// Throws std::invalid_argument for an unknown name or one that cannot be granted.
IdleStrategyChoice choose_idle_strategy(const IdleStrategyInputs& inputs);

std::string_view idle_strategy_name(IdleStrategy kind) noexcept;

}  // namespace fanin::load
