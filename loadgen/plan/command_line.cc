#include "loadgen/plan/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/option_table.h"
#include "os/build_info.h"
#include "os/command_line.h"
#include "os/program.h"

namespace fanin::load {
namespace {

constexpr std::size_t kNameColumn = 34;

constexpr const char* kUsage = R"(Usage: fanin-load TARGET [OPTIONS]
       fanin-load calibrate [OPTIONS]    measures how fast the generator is on this machine
       fanin-load options --json         prints the table of options

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

CLI::Option* declare(CLI::App& app, const Option& option, LoadOptions& options) {
  const std::string letter = option.letter == 0 ? "" : fmt::format("-{},", option.letter);
  const std::string names = fmt::format("{}--{}", letter, option.name);
  const std::string help(option.help);
  const auto set = [&option, &options](const std::string& text) { set_option(option, text, options); };
  if (option.type == OptionType::kFlag) {
    return app.add_flag_callback(
        names, [set] { set("true"); }, help);
  }
  if (!option.repeated) {
    return app.add_option_function<std::string>(names, set, help);
  }
  const auto set_all = [set](const std::vector<std::string>& texts) { std::for_each(texts.begin(), texts.end(), set); };
  return app.add_option_function<std::vector<std::string>>(names, set_all, help)
      ->allow_extra_args(false);  // what follows may be the target
}

std::string features() {
  const auto reason = why_no_uring_driver();
  return fmt::format("drivers: {}epoll, threads{}; liburing {}", reason ? "" : "io-uring, ",
                     reason ? fmt::format(" (no io-uring here: {})", *reason) : "", build_info().liburing);
}

}  // namespace

void add_load_options(CLI::App& app, LoadOptions& options) {
  app.add_option("TARGET", options.target, "HOST:PORT of the server, or unix:/PATH, or http://HOST:PORT/PATH");
  for (const Option& option : option_table()) {
    if (option.place.index() != 0) {
      CLI::Option* declared = declare(app, option, options);
      declared->group(std::string(option.group))->default_str(std::string(option.default_text));
      if (option.type != OptionType::kFlag) {
        declared->type_name(value_name(option));
      }
    }
  }
  app.footer(kFooter + std::string("\n") + kUsage);
  app.get_formatter()->column_width(kNameColumn);
}

std::optional<int> parse_command(int argc, char** argv, LoadOptions& options) {
  CLI::App app("Drives a TCP server with a declared load and reports throughput and latency.", "fanin-load");
  app.set_version_flag("--version", [] { return version_text("fanin-load", features()); });
  add_load_options(app, options);
  if (argc == 1) {
    print_text(stderr, kUsage);
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
  check_options(options);
  read_input_files(options);
  return std::nullopt;
}

}  // namespace fanin::load
