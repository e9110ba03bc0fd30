// work: returns every line after it has cost the server CPU time (--work) or loop steps (--work-loops); --work-share
// limits this to a share of the lines.
#include "protocols/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "protocols/cpu_burner.h"
#include "protocols/line_hash.h"
#include "protocols/options.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/template_client.h"

namespace fanin {
namespace {

// Budget of one consume() call. A loop step takes about 2 ns.
constexpr Nanoseconds kCallTime = std::chrono::milliseconds(1);
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
                                  : static_cast<std::uint64_t>(kCallTime / std::max(options.work, Nanoseconds(1)));
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

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  const Payload payload = make_line_payload(options);
  return std::make_unique<TemplateClient>(TemplateClient::Form{
      .request = payload.text, .reply = payload.text, .request_stamp = payload.stamp, .reply_stamp = payload.stamp});
}

}  // namespace

bool is_heavy(std::uint64_t line_hash, double share) noexcept {
  return static_cast<double>(line_hash >> 11) * 0x1p-53 < share;  // the upper 53 bits as a number in [0, 1)
}

extern const Protocol kWork{.name = "work",
                            .summary = "returns every line and burns CPU time (--work) for it, or for a share of lines",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .server_options = "work work-loops work-share",
                            .client_options = "payload-bytes payload"};

}  // namespace fanin
