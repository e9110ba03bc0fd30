#include "loadgen/plan/help.h"

#include <CLI/CLI.hpp>
#include <initializer_list>

namespace fanin::load {
namespace {

constexpr std::size_t kNameColumn = 34;

constexpr const char* kUsage = R"(Usage: fanin-load TARGET [OPTIONS]
       fanin-load calibrate [OPTIONS]    measures how fast the generator is on this machine

Examples:
  fanin-load 127.0.0.1:7000 -c 100 -d 10s
      closed loop: 100 connections, the next request follows each reply
  fanin-load http://localhost:8080/index.html -c 50 -r 20k -d 1m30s --json result.json
      open loop: 20,000 requests per second, latency from the time each was due
  fanin-load 127.0.0.1:6379 --protocol raw --request 'PING\r\n' --reply-delimiter '\r\n' --expect '+PONG'
      any server whose replies end by a delimiter, a length or a pattern
)";

constexpr const char* kFooter = R"(
Durations: 500ms, 10s, 1m30s, 2h. Counts and rates: 500, 10k, 1.5M.

Exit codes: 0 done; 1 the result is invalid; 2 wrong options, or no result could be written; 130 interrupted (what was
measured until then is the result)
)";

void group(CLI::App& app, const char* title, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    app.get_option(name)->group(title);
  }
}

}  // namespace

void describe_options(CLI::App& app) {
  group(app, "Connections",
        {"--connections", "--threads", "--driver", "--idle-connections", "--verify-idle", "--connect-concurrency",
         "--timeout", "--requests-per-connection", "--close"});
  group(app, "Load",
        {"--rate", "--arrival", "--ramp", "--duration", "--requests", "--warmup", "--pipeline", "--think-time",
         "--seed"});
  group(app, "Requests",
        {"--protocol", "--payload-bytes", "--payload", "--mix", "--suffix", "--reply", "--reply-bytes"});
  group(app, "Requests over http",
        {"--path", "--host", "--method", "--header", "--body", "--body-file", "--expect-status", "--expect-body",
         "--expect-body-pattern"});
  group(app, "Requests of protocol raw",
        {"--request", "--reply-delimiter", "--reply-pattern", "--reply-limit-bytes", "--expect", "--greeting-delimiter",
         "--greeting-pattern", "--setup-request", "--setup-reply-delimiter", "--setup-reply-bytes",
         "--setup-reply-pattern", "--setup-expect"});
  group(app, "Several runs or servers", {"--sweep", "--find-rate", "--find-precision", "--target", "--interleave"});
  group(app, "Slow clients", {"--send-bytes-per-s", "--read-bytes-per-s", "--receive-buffer-bytes", "--trickle"});
  group(app, "Machine",
        {"--allow-remote", "--server-pid", "--calibration", "--cpus", "--idle-strategy", "--timestamps"});
  group(app, "Output", {"--json", "--live-json", "--quiet", "--control"});
  app.footer(kFooter + std::string("\n") + kUsage);
  app.get_formatter()->column_width(kNameColumn);
}

std::string_view usage_text() noexcept { return kUsage; }

}  // namespace fanin::load
