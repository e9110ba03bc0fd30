#include "os/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/plan/options.h"
#include "os/arrival_trace.h"
#include "os/build_info.h"
#include "os/files.h"
#include "os/program.h"

namespace fanin::load {
namespace {

constexpr std::size_t kNameColumn = 34;

constexpr const char* kUsage = R"(Usage: fanin-load TARGET [OPTIONS]
       fanin-load calibrate [OPTIONS]    measures how fast the generator is on this machine
       fanin-load options [--json]       lists the options in short, or all that is known of them as JSON

Examples:
  fanin-load 127.0.0.1:7000 -c 100 -d 10s
      closed loop: 100 connections, the next request follows each reply
  fanin-load http://localhost:8080/index.html -c 50 -r 20k -d 1m30s --json result.json
      open loop: 20,000 requests per second, latency from the time each was due
  fanin-load 127.0.0.1:6379 --protocol raw --request 'PING\r\n' --reply-delimiter '\r\n' --expect '+PONG'
      any server whose replies end by a delimiter, a length or a pattern
)";

constexpr const char* kFooter = R"(
Durations: 3 (seconds), 500ms, 1m30s, 2h. Counts and rates: 500, 10k, 1.5M (1,500,000).

Exit codes: 0 done; 1 an --assert is missed, or no rate meets --find-rate; 2 wrong options, or no result could be
written; 4 an --assert is undecided; 5 the result is invalid; 130 interrupted (what was measured until then is the result)
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
                     reason ? fmt::format(" (no io-uring here: {})", *reason) : "", os::build_info().liburing);
}

// Options and the files that they name.
using NamedFiles = std::vector<std::pair<std::string, std::string>>;

NamedFiles input_files(const LoadOptions& options) {
  NamedFiles files;
  for (const auto& [path, file] : options.body_files) {
    files.emplace_back("--body-file", path);
  }
  if (options.trace) {
    files.emplace_back("--arrival trace", options.trace->file());
  }
  if (options.calibration) {
    files.emplace_back("--calibration", options.calibration->path);
  }
  return files;
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
  app.set_version_flag("--version", [] { return os::version_text("fanin-load", features()); });
  add_load_options(app, options);
  if (argc == 1) {
    os::print_text(stderr, kUsage);
    os::print_text(stderr, "\nfanin-load --help lists the options.\n");
    return os::kExitBadInput;
  }
  if (const auto exit_code = os::parse_command_line(app, argc, argv)) {
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

void read_input_files(LoadOptions& options) {
  constexpr std::string_view kTrace = "trace:";
  if (options.arrival && options.arrival->starts_with(kTrace)) {
    options.trace = std::make_shared<const os::ArrivalTrace>(
        os::ArrivalTrace::read_file(options.arrival->substr(kTrace.size()), "--arrival trace"));
  }
  const auto read_body = [&options](const std::string& path) {
    if (auto& file = options.body_files[path]; !file) {
      file = std::make_shared<const os::InputFile>(os::read_input_file(path, "--body-file"));
    }
  };
  for (const auto& [name, text] : options.protocol_options) {
    if (name == "body-file") {
      read_body(text);
    }
  }
  for (const std::string& mix : options.mix) {
    for (const std::string& path : list_body_files(mix)) {
      read_body(path);
    }
  }
  if (!options.calibration_path.empty()) {
    options.calibration = os::read_input_file(options.calibration_path, "--calibration");
  }
}

void refuse_shared_files(const LoadOptions& options) {
  const bool prints_summary = !options.quiet && options.json_path != "-" && options.live_json_path != "-";
  NamedFiles others = input_files(options);
  for (const auto& [option, path] :
       NamedFiles{{"--live-json", options.live_json_path}, {"--json", options.json_path}}) {
    if (path.empty()) {
      continue;
    }
    for (const auto& [other, other_path] : others) {
      if (os::is_same_output(path, other_path)) {
        refuse(fmt::format("{} {} and {} {} are one file: give each its own", option, path, other, other_path));
      }
    }
    if (prints_summary && os::is_same_output(path, "-")) {
      refuse(
          fmt::format("{} {} is standard output, where the summary goes: give {} - or --quiet", option, path, option));
    }
    others.emplace_back(option, path);
  }
}

}  // namespace fanin::load
