// work: returns every line after it has cost the server CPU time (--work) or loop steps (--work-loops); --work-share
// limits this to a share of the lines. A line that ends in " work-loops=N" costs N steps whatever the server was given,
// so that the requests of one run can have different costs.
#include "protocols/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

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

// Budget of one consume() call, about a millisecond.
constexpr std::uint64_t kCallLoops = 500'000;
constexpr std::int64_t kNsPerLoop = 2;

constexpr std::string_view kCostKey = " work-loops=";

// What the server was given.
struct Work {
  CpuBurner burner;
  std::uint64_t loops;  // that the burner takes, about
  double share;
  CpuBurner::GivenUp given_up;
};

class WorkSession : public ServerSession {
 public:
  explicit WorkSession(const Work& work) : work_(work) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    std::size_t done = 0;
    std::uint64_t spent = 0;
    while (done < input.size() && out.room() > 0 && spent < kCallLoops) {
      const std::string_view rest = input.substr(done);
      const std::size_t line = std::min(rest.find('\n'), rest.size());
      const std::size_t length = std::min(line, out.room());
      out.append(rest.substr(0, length));
      end_.add(rest.substr(0, length));
      if (work_.share < 1) {
        hash_.add(rest.substr(0, length));
      }
      done += length;
      if (length == line && line < rest.size() && out.room() > 0) {
        if (!burn(spent)) {
          break;  // the connection is about to be closed
        }
        out.append("\n");
        ++done;
      }
    }
    return {done, false};
  }

 private:
  // Burns the cost of the line, which is complete, and adds it to `spent`. False if that ended early.
  bool burn(std::uint64_t& spent) {
    bool done = true;
    if (const auto loops = end_.cost()) {
      done = CpuBurner::of_loops(*loops).burn(work_.given_up);
      spent += *loops;
    } else if (work_.share >= 1 || is_heavy(hash_.value(), work_.share)) {
      done = work_.burner.burn(work_.given_up);
      spent += work_.loops;
    }
    hash_ = LineHash();
    end_ = LineEnd();
    return done;
  }

  const Work& work_;  // owned by the factory, which outlives every session
  LineHash hash_;     // of the line so far
  LineEnd end_;
};

Work make_work(const ServerProtocolOptions& options) {
  const bool counted = options.work_loops > 0;
  const auto loops = counted ? options.work_loops : static_cast<std::uint64_t>(options.work.count() / kNsPerLoop);
  return {counted ? CpuBurner::of_loops(loops) : CpuBurner(options.work), loops, options.work_share, options.given_up};
}

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  if (!(options.work_share >= 0 && options.work_share <= 1)) {  // NaN neither
    throw std::invalid_argument(fmt::format("--work-share {} is no share: give 0 to 1", options.work_share));
  }
  const auto work = std::make_shared<const Work>(make_work(options));
  return [work] { return std::make_unique<WorkSession>(*work); };
}

constexpr ServerOption kServerOptions[] = {
    {.name = "work",
     .place = &ServerProtocolOptions::work,
     .help = "CPU time per line, but for lines that end in ' work-loops=N'"},
    {.name = "work-loops",
     .place = &ServerProtocolOptions::work_loops,
     .help = "loop steps per line instead of --work, the same for every server; 0: use --work",
     .max = 1e9},
    {.name = "work-share",
     .place = &ServerProtocolOptions::work_share,
     .help = "share of the lines with that cost, 0 to 1",
     .max = 1},
};

// The cost comes in addition to the payload, before the newline: the stamp stays in front, where it is the cheapest.
std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  Payload payload = make_line_payload(options);
  if (options.work_loops) {
    payload.text.insert(payload.text.size() - 1, format_line_cost(*options.work_loops));
  }
  return std::make_unique<TemplateClient>(payload, TemplateClient::Reply{.text = payload.text, .stamp = payload.stamp});
}

}  // namespace

bool is_heavy(std::uint64_t line_hash, double share) noexcept {
  return static_cast<double>(line_hash >> 11) * 0x1p-53 < share;  // the upper 53 bits as a number in [0, 1)
}

std::string format_line_cost(std::uint64_t loops) { return fmt::format("{}{}", kCostKey, loops); }

void LineEnd::add(std::string_view part) noexcept {
  if (part.size() >= bytes_.size()) {
    part.remove_prefix(part.size() - bytes_.size());
    size_ = 0;
  }
  const std::size_t kept = std::min(size_, bytes_.size() - part.size());
  std::memmove(bytes_.data(), bytes_.data() + (size_ - kept), kept);
  std::memcpy(bytes_.data() + kept, part.data(), part.size());
  size_ = kept + part.size();
}

std::optional<std::uint64_t> LineEnd::cost() const noexcept {
  const std::string_view line(bytes_.data(), size_);
  const auto key = line.rfind(kCostKey);
  if (key == std::string_view::npos) {
    return std::nullopt;
  }
  const char* const end = line.data() + line.size();
  std::uint64_t loops = 0;
  const auto [rest, error] = std::from_chars(line.data() + key + kCostKey.size(), end, loops);
  if (rest != end || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  return error == std::errc::result_out_of_range ? kMaxLineLoops : std::min(loops, kMaxLineLoops);
}

extern const Protocol kWork{.name = "work",
                            .summary = "returns every line and burns CPU time (--work) for it, or for a share of lines",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .server_options = kServerOptions,
                            .client_options = "payload-bytes payload work-loops"};

}  // namespace fanin::protocols
