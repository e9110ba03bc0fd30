// fanin-server: serves one protocol with one concurrency model until SIGTERM or SIGINT, then prints its counters.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/affinity.h"
#include "net/descriptor.h"
#include "os/program.h"
#include "protocols/registry.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/options.h"
#include "servers/stop.h"
#include "servers/worker_processes.h"

namespace fanin::server {
namespace {

constexpr const char* kName = "fanin-server";
constexpr int kUnsupported = 77;

// Flushes: a fork must not duplicate the line, and a reader waits for it.
bool print_line(const std::string& line) { return os::print_text(stdout, line + "\n"); }

std::string address_json(const net::Address& address) {
  if (!address.is_unix()) {
    return fmt::format(R"({{"host":"{}","port":{}}})", address.host(), address.port());
  }
  // A path may hold any byte, JSON only UTF-8.
  return nlohmann::json{{"path", address.path()}}.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

// Names from the tables and numeric addresses need no escaping.
bool print_ready(const ServerCommand& command, Server& server) {
  std::vector<std::string> addresses;
  for (const Listener& listener : server.listeners()) {
    addresses.push_back(address_json(listener.address()));
  }
  return print_line(fmt::format(R"({{"ready":true,"model":"{}","protocol":"{}","pid":{},"addresses":[{}]}})",
                                command.model, command.options.protocol, ::getpid(), fmt::join(addresses, ",")));
}

// Throws std::invalid_argument for a listener that the model cannot watch.
void check_listeners(const ServerModel& model, Server& server) {
  for (const Listener& listener : server.listeners()) {
    if (model.max_descriptor >= 0 && listener.fd() > model.max_descriptor) {
      throw std::invalid_argument(
          fmt::format("{} cannot watch descriptor {}, its limit is {}: start it with fewer descriptors open",
                      model.name, listener.fd(), model.max_descriptor));
    }
  }
}

// A model opens its own descriptors after the READY line, which promises that it runs. So this opens and closes as many
// as it may need, and one for a connection. Throws std::system_error.
void check_descriptors(const ServerModel& model, Server& server) {
  constexpr int kOfAnyModel = 3;  // an epoll instance or the like, an eventfd, a connection
  const ModelOptions& options = server.options().model;
  int needed = kOfAnyModel;
  if (model.descriptors_per_worker != nullptr) {
    const bool own_listeners = model.reuses_port != nullptr && model.reuses_port(options);
    const auto listeners = own_listeners ? static_cast<int>(server.listeners().size()) : 0;
    needed += options.workers * (model.descriptors_per_worker(options) + listeners);
  }
  const int listener = server.listeners().front().fd();
  const std::string what = fmt::format("{} needs {} descriptors besides its listeners", model.name, needed);
  std::vector<net::Descriptor> taken;
  while (taken.size() < static_cast<std::size_t>(needed)) {
    taken.emplace_back(net::check(::fcntl(listener, F_DUPFD_CLOEXEC, 0), what.c_str()));
  }
}

int serve(ServerCommand command) {
  const ServerModel& model = find_model(command.model);
  if (const auto reason = model.probe ? model.probe() : std::nullopt) {
    os::print_error(kName, fmt::format("{} is not supported here: {}", model.name, *reason));
    return kUnsupported;
  }
  validate(command);
  const protocols::Protocol& protocol = protocols::find_protocol(command.options.protocol, protocols::Half::kServers);
  if (protocol.make_sessions == nullptr) {
    throw std::invalid_argument(fmt::format("protocol '{}' has no server half: choose another", protocol.name));
  }
  protocols::refuse_other_options(fmt::format("protocol '{}'", protocol.name),
                                  protocols::list_names(protocol.server_options), command.given.of_protocols);
  if (!command.options.cpus.empty()) {
    net::bind_to_cpus(net::parse_cpu_list(command.options.cpus));
  }
  apply_model(model, command.given.of_models,
              command.options);  // after bind_to_cpus(): workers default to the allowed CPUs
  if (command.check_only) {
    return 0;
  }
  net::raise_descriptor_limit();
  share_totals();
  stop::install(command.options.drain_timeout);
  command.protocol_options.given_up = stop::timed_out;
  const ModelOptions& chosen = command.options.model;
  Server server(command.options, protocol.make_sessions(command.protocol_options),
                chosen.processes > 1 || (model.reuses_port != nullptr && model.reuses_port(chosen)));
  check_listeners(model, server);
  Replicas replicas(model, server);
  check_descriptors(model, server);
  if (!print_ready(command, server)) {
    return os::kExitBadInput;  // the parent would wait for the line for ever
  }
  replicas.run();
  publish_process_counts();
  print_line(fmt::format(R"({{"counters":{}}})", totals_json()));
  return 0;
}

int run(int argc, char** argv) {
  ServerCommand command;
  if (const auto exit_code = parse_command(argc, argv, command)) {
    return *exit_code;
  }
  if (command.model == "list") {
    os::print_text(stdout, command.list_as_json ? list_json() : list_text());
    return 0;
  }
  if (command.model.empty()) {
    throw std::invalid_argument("no model given: `fanin-server list` shows them");
  }
  return serve(std::move(command));
}

}  // namespace
}  // namespace fanin::server

int main(int argc, char** argv) {
  return fanin::os::run_program(fanin::server::kName, [&] { return fanin::server::run(argc, argv); });
}
