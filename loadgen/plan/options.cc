#include "loadgen/plan/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <limits>

#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/help.h"
#include "loadgen/plan/option_checks.h"
#include "loadgen/plan/options_mix.h"
#include "loadgen/plan/options_protocol.h"
#include "net/duration.h"
#include "os/arrival_trace.h"
#include "os/build_info.h"
#include "os/command_line.h"
#include "os/program.h"

namespace fanin::load {
namespace {

template <typename Target>
CLI::Option* add_duration(CLI::App& app, const char* name, Target& target, const char* help) {
  const std::string long_name = std::string(name).substr(std::string_view(name).find("--"));
  const auto set = [&target, long_name](const std::string& text) {
    try {
      target = parse_duration(text);
    } catch (const std::invalid_argument& error) {
      refuse(fmt::format("{}: {}", long_name, error.what()));
    }
  };
  return app.add_option_function<std::string>(name, set, help);
}

void set_arrival(const std::string& text, LoadOptions& options) {
  constexpr std::string_view kTrace = "trace:";
  options.arrival = text;
  if (text.starts_with(kTrace)) {
    options.trace =
        std::make_shared<const ArrivalTrace>(ArrivalTrace::read_file(text.substr(kTrace.size()), "--arrival trace"));
  }
}

void add_traffic_options(CLI::App& app, LoadOptions& options) {
  take_number(
      app.add_option("-r,--rate", options.rate_per_s, "open loop: requests per second, whatever the server does"));
  app.add_option_function<std::string>(
         "--arrival", [&options](const std::string& text) { set_arrival(text, options); },
         "open loop: poisson or uniform gaps, bursts:N at once, or trace:FILE of times")
      ->default_str("poisson");
  app.add_option("--ramp", options.ramp, "open loop: FROM..TO, a rate that grows (or falls) over the window");
  add_duration(app, "-d,--duration", options.duration, "length of the measured window")->default_str("10s");
  take_count(app.add_option("--requests", options.requests, "a window of this many requests instead of a duration"));
  app.add_option("--warmup", options.warmup, "traffic before the window opens; auto: until the throughput is steady")
      ->capture_default_str();
  take_count(app.add_option("--pipeline", options.pipeline, "requests in flight per connection (pipelining)"))
      ->capture_default_str();
  add_duration(app, "--think-time", options.think_time, "closed loop: pause between a reply and the next request")
      ->default_str("0; threads: 1s");
  take_count(app.add_option("--requests-per-connection", options.requests_per_connection,
                            "close and reconnect after this many replies; 0 = never"))
      ->default_str("0; threads: 1");
  take_count(app.add_option("--idle-connections", options.idle, "further connections that never send"))
      ->capture_default_str();
  app.add_flag("--verify-idle", options.verify_idle, "every idle connection is served once before it idles");
  app.add_option("--connect-concurrency", options.connecting,
                 "connects in progress at once in each event loop; all: every connection at once")
      ->default_str("64");
  add_duration(app, "--timeout", options.timeout, "for a reply, and for a connect")->default_str("5s");
  app.add_option("--close", options.close, "how connections are closed: fin, rst, or server: by the server")
      ->capture_default_str();
}

void add_slowness_options(CLI::App& app, LoadOptions& options) {
  take_count(app.add_option("--send-bytes-per-s", options.send_rate,
                            "bytes per second at which each connection sends, in small pieces"));
  take_count(
      app.add_option("--read-bytes-per-s", options.read_rate, "bytes per second at which each connection reads"));
  take_count(app.add_option("--receive-buffer-bytes", options.receive_buffer, "bytes of SO_RCVBUF of each connection"));
  add_duration(app, "--trickle", options.trickle, "so often each idle connection sends a byte, never a whole request");
}

void add_experiment_options(CLI::App& app, LoadOptions& options) {
  app.add_option("--target", options.targets,
                 "instead of TARGET, repeated: servers driven interleaved in one run, compared with the first")
      ->allow_extra_args(false);
  add_duration(app, "--interleave", options.interleave, "with --target: how long one target is driven before the next")
      ->default_str("20ms");
  app.add_option("--sweep", options.sweep, "a run per value: KEY=V1,V2,... or rate=auto (latency versus load)");
  app.add_option("--find-rate", options.find_rate, "the highest rate that meets an objective such as p99<2ms");
  take_number(app.add_option("--find-precision", options.find_precision, "of the rate found"))->capture_default_str();
}

void add_protocol_options(CLI::App& app, LoadOptions& options) {
  app.add_option("--protocol", options.protocol, "what the server speaks; raw: any server")
      ->default_str("echo; http for a target that begins with http://");
  const auto add = [&](const std::string& name, const char* help) {
    return app.add_option_function<std::string>(
        "--" + name, [&options, name](const std::string& text) { options.protocol_options.emplace_back(name, text); },
        help);
  };
  add("payload-bytes", "bytes that a request carries")->default_str("64");
  add("payload", "text that a request carries")->default_str("none; threads: hello");
  add("suffix", "protocol upper: the suffix that the server was given");
  add("reply", "protocol goodbye: the reply that the server was given")->default_str("goodbye!");
  add("reply-bytes", "protocol bulk: the size of replies that the server was given; raw: the length of every reply")
      ->default_str("65536; raw: none");
  add("path", "protocol http: what is asked for")->default_str("/");
  add("host", "protocol http: what the Host field says")->default_str("localhost");
  add("method", "protocol http: the method")->default_str("GET");
  add("body", "protocol http: what is sent along");
  app.add_option_function<std::string>(
      "--body-file",
      [&options](const std::string& path) {
        read_body_file(path, options.body_files);
        options.protocol_options.emplace_back("body-file", path);
      },
      "protocol http: the file that is sent along");
  add("expect-status", "protocol http: what counts as success, e.g. 200,301-399")->default_str("200-399");
  add("expect-body", "protocol http: the whole body of every reply (C escapes)");
  add("expect-body-pattern", "protocol http: a regular expression (PCRE2) that matches something of every body");
  app.add_option_function<std::vector<std::string>>(
         "--header",
         [&options](const std::vector<std::string>& headers) {
           for (const std::string& header : headers) {
             options.protocol_options.emplace_back("header", header);
           }
         },
         "protocol http: 'Name: value', may be repeated")
      ->allow_extra_args(false);  // what follows may be the target
  add("request", "protocol raw: what is sent (C escapes)");
  add("reply-delimiter", "protocol raw: what ends a reply (C escapes)");
  add("reply-pattern", "protocol raw: a regular expression (PCRE2) that matches a whole reply");
  add("reply-limit-bytes", "protocol raw: the longest reply to --reply-pattern")->default_str("65536");
  add("greeting-delimiter",
      "protocol raw: what ends the server's greeting, which each connection waits for (C escapes)");
  add("greeting-pattern", "protocol raw: a regular expression (PCRE2) that matches the server's greeting");
  add("setup-request", "protocol raw: what each connection sends once, before its first request (C escapes)");
  add("setup-reply-delimiter", "protocol raw: what ends the reply to that (C escapes)");
  add("setup-reply-bytes", "protocol raw: the length of the reply to that");
  add("setup-reply-pattern", "protocol raw: a regular expression (PCRE2) that matches the reply to that");
  add("setup-expect", "protocol raw: the reply to that without its delimiter (C escapes)");
  app.add_option_function<std::vector<std::string>>(
         "--mix",
         [&options](const std::vector<std::string>& mix) {
           for (const std::string& text : mix) {
             read_body_files(text, options.body_files);
           }
           options.mix = mix;
         },
         "repeated: 'WEIGHT [name=NAME] KEY=VALUE ...', a class of requests with options of its own")
      ->allow_extra_args(false);
  add("expect", "protocol raw: the reply without its delimiter (C escapes)");
}

}  // namespace

void add_load_options(CLI::App& app, LoadOptions& options) {
  app.add_option("TARGET", options.target, "HOST:PORT of the server, or unix:/PATH, or http://HOST:PORT/PATH");
  app.add_option(
         "--driver", options.driver,
         "io-uring or epoll (event loops), threads (a blocking connection each), or auto: io-uring where there is one")
      ->capture_default_str();
  take_count(app.add_option("-c,--connections", options.connections, "active connections"))
      ->default_str("10; threads: 20");
  take_count(app.add_option("-t,--threads", options.threads, "event loops"))
      ->default_str("1, or as many as the limit on descriptors asks for");
  add_traffic_options(app, options);
  add_protocol_options(app, options);
  add_slowness_options(app, options);
  add_experiment_options(app, options);
  app.add_option("--cpus", options.cpus, "run on these CPUs, e.g. 1 or 1,3-4");
  app.add_option("--idle-strategy", options.wait,
                 "until something is due: sleep, spin, or auto: spin in an open loop with a CPU of its own")
      ->capture_default_str();
  app.add_flag("--timestamps", options.timestamps, "the kernel's time of every send and reply beside our own (epoll)");
  take_count(app.add_option("--seed", options.seed, "of the schedule and of a mix"))->capture_default_str();
  take_count(app.add_option("--server-pid", options.server_pids,
                            "process of the server, for its CPU time; repeated for several targets"))
      ->default_str("those that listen at the target")
      ->allow_extra_args(false);
  take_count(app.add_option("--control", options.control_fd, "socket on which to tell a monitor how far the run is"),
             std::numeric_limits<int>::max());
  app.add_option_function<std::string>(
      "--calibration",
      [&options](const std::string& path) { options.calibration = read_input_file(path, "--calibration"); },
      "what fanin-load calibrate wrote: marks what is near the ceiling");
  app.add_option("--json", options.json_path, "write the result as JSON to this file; - is standard output");
  app.add_option("--live-json", options.live_json_path,
                 "write a line of JSON for every second, as it ends, to this file; - is standard output");
  app.add_flag("--quiet", options.quiet, "no live view, no summary");
  app.add_flag("--allow-remote", options.allow_remote, "allow a target that is not on this machine");
  describe_options(app);
}

namespace {

std::string features() {
  const auto reason = why_no_uring_driver();
  return fmt::format("drivers: {}epoll, threads{}; liburing {}", reason ? "" : "io-uring, ",
                     reason ? fmt::format(" (no io-uring here: {})", *reason) : "", build_info().liburing);
}

}  // namespace

std::optional<int> parse_command(int argc, char** argv, LoadOptions& options) {
  CLI::App app("Drives a TCP server with a declared load and reports throughput and latency.", "fanin-load");
  app.set_version_flag("--version", [] { return version_text("fanin-load", features()); });
  add_load_options(app, options);
  if (argc == 1) {
    print_text(stderr, usage_text());
    print_text(stderr, "\nfanin-load --help lists the options.\n");
    return kExitBadInput;
  }
  if (const auto exit_code = parse_command_line(app, argc, argv)) {
    return exit_code;
  }
  if (options.target.empty() && options.targets.empty()) {
    refuse("no TARGET is given: see fanin-load --help");
  }
  if (options.json_path == "-" && options.live_json_path == "-") {
    refuse("--live-json: - is taken by --json: give one of them a file");
  }
  if (options.interleave && options.targets.empty()) {
    refuse("--interleave needs several targets: give each by --target");
  }
  if (app.count("--find-precision") > 0 && !options.find_rate) {
    refuse("--find-precision is of the rate that --find-rate finds: give --find-rate, or leave it out");
  }
  return std::nullopt;
}

}  // namespace fanin::load
