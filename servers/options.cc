#include "servers/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <bit>
#include <stdexcept>
#include <type_traits>

#include "net/clock.h"
#include "os/build_info.h"
#include "os/command_line.h"
#include "protocols/registry.h"

namespace fanin::server {
namespace {

constexpr const char* kModelGroup = "Options of some models (`fanin-server list` says which)";

constexpr const char* kProtocolGroup = "Options of some protocols";

// Reads numbers with the common syntax (os/command_line.h).
template <typename Value>
using RangeOf = std::conditional_t<std::is_floating_point_v<Value>, os::NumberRange, os::CountRange>;

template <typename Value>
CLI::Option* read_as_meant(CLI::Option* option, const Value& /*value*/, RangeOf<Value> range) {
  if constexpr (std::is_floating_point_v<Value>) {
    return os::take_number(option, range);
  } else if constexpr (std::is_convertible_v<int, Value>) {
    return os::take_count(option, range);
  }
  return option;
}

CLI::Option* add_duration(CLI::App& app, const std::string& flag, net::Nanoseconds& value, const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag, [flag, &value](const std::string& text) { value = os::parse_duration_of(flag, text); }, help)
      ->default_str(net::format_duration(value));
}

void refuse_longer(CLI::Option* option, const std::string& flag, double max) {
  option->each([flag, max](const std::string& text) {
    if (static_cast<double>(text.size()) > max) {
      throw std::invalid_argument(fmt::format("{} has {} bytes: give at most {}", flag, text.size(), max));
    }
  });
}

void add_protocol_option(CLI::App& app, const protocols::ServerOption& option, const std::string& help,
                         protocols::ServerProtocolOptions& values) {
  const std::string flag = fmt::format("--{}", option.name);
  const auto add = [&](auto& value) {
    using Value = std::remove_reference_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, net::Nanoseconds>) {
      add_duration(app, flag, value, help)->group(kProtocolGroup);
    } else {
      CLI::Option* added = app.add_option(flag, value, help)->capture_default_str()->group(kProtocolGroup);
      if constexpr (std::is_same_v<Value, double>) {
        os::take_number(added, {option.min, option.max});
      } else if constexpr (std::is_same_v<Value, std::uint64_t>) {
        os::take_count(added, {static_cast<std::int64_t>(option.min), static_cast<std::int64_t>(option.max)});
      } else {
        refuse_longer(added, flag, option.max);
      }
    }
  };
  std::visit([&](auto place) { add(values.*place); }, option.place);
}

void add_protocol_options(CLI::App& app, protocols::ServerProtocolOptions& values) {
  for (const protocols::Protocol& protocol : protocols::registry()) {
    for (const protocols::ServerOption& option : protocol.server_options) {
      add_protocol_option(app, option, fmt::format("{}: {}", protocol.name, option.help), values);
    }
  }
}

void add_model_options(CLI::App& app, ModelOptions& model) {
  const auto add = [&app]<typename Value>(const std::string& name, Value& value, const std::string& text,
                                          RangeOf<Value> range = {}) {
    return read_as_meant(app.add_option(name, value, text)->group(kModelGroup), value, range);
  };
  add("--processes", model.processes, "processes that run the model, each with its own listeners and descriptor limit",
      {1, 1000})
      ->capture_default_str();
  os::take_choice(add("--steer", model.steer,
                      "how the kernel picks the process: by a hash of both addresses, or by the client's address"),
                  {"hash", "source-ip"})
      ->capture_default_str();
  add("--workers", model.workers, "pre-spawned threads or pre-forked processes", {1, 10'000});
  add("--accept", model.accept, "how workers get their connections");
  os::take_choice(add("--idle-strategy", model.idle_strategy, "what to do when nothing is ready: spin, yield or sleep"),
                  {"spin", "yield", "sleep"});
  add("--queue", model.queue, "maximum of connections or jobs that wait for a worker", {1, 1 << 20})
      ->capture_default_str();
  add("--drain-budget", model.drain_budget,
      "steps of one connection (a read, or a part of a batch of expensive requests) before other connections run",
      {1, 1 << 20})
      ->capture_default_str();
  add("--stack-size", model.stack_bytes, "bytes of stack per connection", {16 << 10, 8 << 20})->capture_default_str();
  add("--signal-queue", model.signal_queue, "maximum of pending signals; 0 = the limit of the system")
      ->capture_default_str();
  add("--mechanism", model.mechanism, "the mechanism to use; the default is the best available one");
  add("--ring-entries", model.ring_entries, "length of the submission queue", {8, 32768})->capture_default_str();
  add("--buffers", model.buffers, "provided buffers, a power of two", {1, 32768})->capture_default_str();
  add_duration(app, "--sleep", model.sleep, "time for --idle-strategy sleep")->group(kModelGroup);
}

void add_server_options(CLI::App& app, ServerCommand& command) {
  ServerOptions& options = command.options;
  app.add_option("MODEL", command.model, "concurrency model; `list` shows them all");
  app.add_flag("--json", command.list_as_json, "list: as JSON");
  app.add_flag("--check", command.check_only, "check the options and serve nothing");
  app.add_option("--protocol", options.protocol, "protocol to serve")->capture_default_str();
  app.add_option("--bind", options.bind, "address to listen on")->capture_default_str();
  os::take_count(app.add_option("--port", options.port, "port to listen on; 0 = any free one"), {.max = 65535})
      ->capture_default_str();
  app.add_option("--listen", options.listen, "HOST:PORT or unix:/PATH instead of --bind and --port; may be repeated");
  os::take_count(app.add_option("--backlog", options.backlog, "length of the accept queue"), {1, 1 << 20})
      ->capture_default_str();
  os::take_count(app.add_option("--read-cap", options.read_cap, "maximum of bytes per read"), {1, 16 << 20})
      ->capture_default_str();
  os::take_count(
      app.add_option("--accept-batch", options.accept_batch, "maximum of connections accepted per readiness event"),
      {1, 1 << 20})
      ->capture_default_str();
  os::take_count(
      app.add_option("--max-connections", options.max_connections, "close connections beyond this many; 0 = no limit"))
      ->capture_default_str();
  app.add_option("--cpus", options.cpus, "run on these CPUs, e.g. 0 or 0,2-3");
  add_duration(app, "--drain-timeout", options.drain_timeout,
               "grace period for replies after SIGTERM; then connections are closed and workers killed");
  app.add_flag("--allow-remote", options.allow_remote, "allow addresses other than loopback");
  add_protocol_options(app, command.protocol_options);
  add_model_options(app, options.model);
}

GivenOptions given_options(const CLI::App& app) {
  GivenOptions given;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) {
      continue;
    }
    if (option->get_group() == kModelGroup) {
      given.of_models.push_back(option->get_lnames().front());
    } else if (option->get_group() == kProtocolGroup) {
      given.of_protocols.push_back(option->get_lnames().front());
    }
  }
  return given;
}

// Options that would have no effect. --port 0 is the default.
void check_contradictions(const CLI::App& app, const ServerCommand& command) {
  const ServerOptions& options = command.options;
  const ModelOptions& model = options.model;
  const auto is_given = [&app](const char* name) { return app.count(name) > 0; };
  const auto refuse = [](const char* text) { throw std::invalid_argument(text); };
  if (!options.listen.empty() && (is_given("--bind") || options.port != 0)) {
    refuse("--listen and --bind or --port contradict each other: give one");
  }
  if (is_given("--work") && command.protocol_options.work_loops > 0) {
    refuse("--work and --work-loops contradict each other: give one");
  }
  if (is_given("--sleep") && model.idle_strategy != "sleep") {
    refuse("--sleep needs --idle-strategy sleep: give that, or leave --sleep out");
  }
  if (is_given("--steer") && !is_given("--processes")) {
    refuse("--steer needs several processes: give --processes, or leave --steer out");
  }
  if (command.list_as_json && command.model != "list") {
    refuse("--json needs the command list: give `fanin-server list --json`, or leave it out");
  }
}

}  // namespace

std::optional<int> parse_command(int argc, char** argv, ServerCommand& command) {
  CLI::App app("Serves one protocol with one concurrency model. `fanin-server list` shows both.", "fanin-server");
  app.set_version_flag("--version",
                       os::version_text("fanin-server", fmt::format("liburing {}", os::build_info().liburing)));
  add_server_options(app, command);
  if (const auto exit_code = os::parse_command_line(app, argc, argv)) {
    return exit_code;
  }
  check_contradictions(app, command);
  command.given = given_options(app);
  return std::nullopt;
}

void validate(const ServerCommand& command) {
  if (const unsigned buffers = command.options.model.buffers; !std::has_single_bit(buffers)) {
    throw std::invalid_argument(
        fmt::format("--buffers {} is not a power of two: give {}", buffers, std::bit_ceil(buffers)));
  }
}

}  // namespace fanin::server
