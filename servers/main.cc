// fanin-server: serves one protocol with one concurrency model until it is told to stop, then says what it counted.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "net/affinity.h"
#include "servers/counters.h"
#include "servers/listing.h"
#include "servers/model.h"
#include "servers/options.h"
#include "servers/stop.h"

namespace fanin {
namespace {

constexpr int kBadInput = 2;
constexpr int kUnsupported = 77;

void print_line(const nlohmann::json& json) {
  fmt::print("{}\n", json.dump());
  std::fflush(stdout);  // before any fork, and because a reader waits for it
}

void print_ready(const ServerCommand& command, Server& server) {
  nlohmann::json ready{
      {"ready", true}, {"model", command.model}, {"protocol", command.options.protocol}, {"pid", ::getpid()}};
  for (const Listener& listener : server.listeners()) {
    ready["addresses"].push_back({{"host", listener.address().host()}, {"port", listener.address().port()}});
  }
  print_line(ready);
}

int serve(ServerCommand command, const GivenOptions& given) {
  const ServerModel& model = find_model(command.model);
  if (const auto reason = model.probe ? model.probe() : std::nullopt) {
    fmt::print(stderr, "fanin-server: {} is not supported here: {}\n", model.name, *reason);
    return kUnsupported;
  }
  validate(command.options);
  const Protocol& protocol = find_protocol(command.options.protocol);
  refuse_other_options(fmt::format("protocol '{}'", protocol.name), protocol.server_options, given.of_protocols);
  if (!command.options.cpus.empty()) {
    bind_to_cpus(parse_cpu_list(command.options.cpus));
  }
  apply_model(model, given.of_models, command.options);  // after the binding: workers default to the CPUs there are
  raise_descriptor_limit();
  share_totals();
  stop::install(command.options.drain_grace);
  const ModelOptions& chosen = command.options.model;
  Server server(command.options, model.reuses_port != nullptr && model.reuses_port(chosen));
  print_ready(command, server);
  model.run(server);
  publish_counts();
  print_line({{"counters", totals_json()}});
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Serves one protocol with one concurrency model. `fanin-server list` shows both.", "fanin-server");
  app.set_version_flag("--version", FANIN_VERSION);
  ServerCommand command;
  add_server_options(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "fanin-server: {}\n", error.what());
    return kBadInput;
  }
  if (command.model == "list") {
    fmt::print("{}", command.list_as_json ? list_json().dump(2) + "\n" : list_text());
    return 0;
  }
  if (command.model.empty()) {
    fmt::print(stderr, "fanin-server: no model given: `fanin-server list` shows them\n");
    return kBadInput;
  }
  return serve(std::move(command), given_options(app));
}

}  // namespace
}  // namespace fanin

int main(int argc, char** argv) {
  try {
    return fanin::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fanin-server: {}\n", error.what());
    return fanin::kBadInput;
  }
}
