// work: returns every line after it has cost the server CPU time (--work) or loop steps (--work-loops); --work-share
// limits this to a share of the lines.
#include "protocols/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

constexpr net::Nanoseconds kShortest = std::chrono::microseconds(10);  // shorter amounts do not read the clock
constexpr std::uint64_t kMaxUninterrupted = 1'000'000;                 // loop steps, a few milliseconds
constexpr net::Nanoseconds kStep = std::chrono::microseconds(2);

void spin(std::uint64_t iterations) noexcept {
  std::uint64_t value = iterations;
  for (; iterations > 0; --iterations) {
    value = value * 6364136223846793005U + 1442695040888963407U;  // each step depends on the previous one
    asm volatile("" : "+r"(value));
  }
}

// The fastest of many short runs is the undisturbed one.
double nanoseconds_per_iteration() noexcept {
  constexpr std::uint64_t kIterations = 20'000;
  net::Nanoseconds fastest = net::Nanoseconds::max();
  for (int run = 0; run < 30; ++run) {
    const net::Nanoseconds start = net::thread_cpu_time();
    spin(kIterations);
    fastest = std::min(fastest, net::thread_cpu_time() - start);
  }
  return std::max(static_cast<double>(fastest.count()), 1.0) / kIterations;
}

}  // namespace

CpuBurner::CpuBurner(net::Nanoseconds amount) : amount_(amount) {
  if (amount > net::Nanoseconds(0)) {
    const net::Nanoseconds looped = amount < kShortest ? amount : kStep;
    iterations_ = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(looped.count()) / nanoseconds_per_iteration()));
  }
}

bool CpuBurner::burn(GivenUp given_up) const noexcept {
  if (amount_ < kShortest) {
    std::uint64_t left = iterations_;
    for (; left > kMaxUninterrupted; left -= kMaxUninterrupted) {
      spin(kMaxUninterrupted);
      if (given_up()) {
        return false;
      }
    }
    spin(left);
    return true;
  }
  const net::Nanoseconds end = net::thread_cpu_time() + amount_;
  while (net::thread_cpu_time() < end) {
    if (given_up()) {
      return false;
    }
    spin(iterations_);
  }
  return true;
}

namespace {

// Budget of one consume() call. A loop step takes about 2 ns.
constexpr net::Nanoseconds kCallTime = std::chrono::milliseconds(1);
constexpr std::uint64_t kCallLoops = 500'000;

struct Work {
  CpuBurner burner;
  double share;
  std::uint64_t heavy_lines_per_call;
  CpuBurner::GivenUp given_up;
};

class WorkSession : public ServerSession {
 public:
  explicit WorkSession(const Work& work) : work_(work) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    std::size_t done = 0;
    std::uint64_t heavy_lines = 0;
    while (done < input.size() && out.room() > 0 && heavy_lines < work_.heavy_lines_per_call) {
      const std::string_view rest = input.substr(done);
      const std::size_t line = std::min(rest.find('\n'), rest.size());
      const std::size_t length = std::min(line, out.room());
      out.append(rest.substr(0, length));
      if (work_.share < 1) {
        hash_.add(rest.substr(0, length));
      }
      done += length;
      if (length == line && line < rest.size() && out.room() > 0) {
        if (is_heavy_line()) {
          if (!work_.burner.burn(work_.given_up)) {
            break;  // the connection is about to be closed
          }
          ++heavy_lines;
        }
        hash_ = LineHash();
        out.append("\n");
        ++done;
      }
    }
    return {done, false};
  }

 private:
  bool is_heavy_line() const noexcept { return work_.share >= 1 || is_heavy(hash_.value(), work_.share); }

  const Work& work_;  // owned by the factory, which outlives every session
  LineHash hash_;     // of the line so far
};

CpuBurner make_burner(const ServerProtocolOptions& options) {
  return options.work_loops > 0 ? CpuBurner::of_loops(options.work_loops) : CpuBurner(options.work);
}

std::uint64_t heavy_lines_per_call(const ServerProtocolOptions& options) {
  const std::uint64_t lines = options.work_loops > 0
                                  ? kCallLoops / options.work_loops
                                  : static_cast<std::uint64_t>(kCallTime / std::max(options.work, net::Nanoseconds(1)));
  return std::max<std::uint64_t>(lines, 1);
}

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  if (!(options.work_share >= 0 && options.work_share <= 1)) {  // NaN neither
    throw std::invalid_argument(fmt::format("--work-share {} is no share: give 0 to 1", options.work_share));
  }
  const auto work = std::make_shared<const Work>(
      Work{make_burner(options), options.work_share, heavy_lines_per_call(options), options.given_up});
  return [work] { return std::make_unique<WorkSession>(*work); };
}

constexpr ServerOption kServerOptions[] = {
    {.name = "work", .place = &ServerProtocolOptions::work, .help = "CPU time per line"},
    {.name = "work-loops",
     .place = &ServerProtocolOptions::work_loops,
     .help = "loop steps per line instead of --work, the same for every server; 0: use --work",
     .max = 1e9},
    {.name = "work-share",
     .place = &ServerProtocolOptions::work_share,
     .help = "share of the lines with that cost, 0 to 1",
     .max = 1},
};

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  const Payload payload = make_line_payload(options);
  return std::make_unique<TemplateClient>(payload, TemplateClient::Reply{.text = payload.text, .stamp = payload.stamp});
}

}  // namespace

bool is_heavy(std::uint64_t line_hash, double share) noexcept {
  return static_cast<double>(line_hash >> 11) * 0x1p-53 < share;  // the upper 53 bits as a number in [0, 1)
}

extern const Protocol kWork{.name = "work",
                            .summary = "returns every line and burns CPU time (--work) for it, or for a share of lines",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .server_options = kServerOptions,
                            .client_options = "payload-bytes payload"};

}  // namespace fanin::protocols
