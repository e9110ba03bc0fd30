#include "servers/conformance/running_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

namespace fanin::conformance {

Counters::Counters(const std::string& line) {
  try {
    counters_ = nlohmann::json::parse(line).at("counters");
  } catch (const nlohmann::json::exception& error) {
    throw Failure(fmt::format("the server's last line holds no counters: {}: {}", line, error.what()));
  }
}

std::uint64_t Counters::get(const char* group, const char* key) const {
  return counters_.value(nlohmann::json::json_pointer(fmt::format("/{}/{}", group, key)), std::uint64_t{0});
}

std::uint64_t Counters::refused() const {
  return get("connections", "refused_descriptors") + get("connections", "refused_max_connections") +
         get("connections", "refused_fd_setsize") + get("connections", "refused_resources");
}

std::uint64_t Counters::closed() const {
  return get("connections", "closed_by_peer") + get("connections", "closed_by_server") +
         get("connections", "closed_on_error");
}

ChildStart server_command(const Target& target, const ServerStart& start) {
  ChildStart command{.program = target.server_program,
                     .arguments = {target.model.name, "--protocol", std::string(target.protocol->name)},
                     .descriptor_limit = start.descriptor_limit,
                     .stack_limit = start.stack_limit,
                     .inherited_descriptors = start.inherited_descriptors};
  for (const auto& options : {target.setup.server_options, start.options}) {
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
  }
  return command;
}

RunningServer::RunningServer(const Target& target, const ServerStart& start) : process_(server_command(target, start)) {
  const auto line = process_.read_line(Deadline());
  if (!line) {
    throw Failure(fmt::format("the server ended before it was ready: {}", process_.errors()));
  }
  try {
    const auto ready = nlohmann::json::parse(*line);
    EXPECT_EQ(ready.at("ready"), true);
    EXPECT_EQ(ready.at("model"), target.model.name);
    EXPECT_EQ(ready.at("protocol"), target.protocol->name);
    EXPECT_EQ(ready.at("pid"), process_.pid());
    for (const auto& address : ready.at("addresses")) {
      addresses_.push_back(address.contains("path")
                               ? Address::of_socket_file(address.at("path").get<std::string>())
                               : Address::parse(address.at("host").get<std::string>(), address.at("port")));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Failure(fmt::format("not a READY line: {}: {}", *line, error.what()));
  }
  if (addresses_.empty()) {
    throw Failure(fmt::format("the READY line names no address: {}", *line));
  }
}

RunningServer::~RunningServer() {
  if (!finished_ && !process_.errors().empty()) {
    ADD_FAILURE() << "the server said:\n" << process_.errors();
  }
}

Counters RunningServer::stop() {
  send_signal(SIGTERM);
  return finish();
}

Counters RunningServer::finish() {
  const Deadline deadline;
  const auto line = process_.read_line(deadline);
  EXPECT_EQ(process_.wait(deadline), "exit status 0") << process_.errors();
  EXPECT_EQ(process_.errors(), "") << "a healthy server writes nothing to standard error";
  finished_ = true;
  if (!line) {
    ADD_FAILURE() << "the server ended without its counters";
    return {};
  }
  const Counters counters(*line);
  const std::uint64_t accepted = counters.get("connections", "accepted");
  // accept() may fail for lack of memory: counted as refused, but not as accepted.
  EXPECT_LE(accepted, counters.closed() + counters.refused()) << *line;
  EXPECT_GE(accepted + counters.get("connections", "refused_resources"), counters.closed() + counters.refused())
      << *line;
  return counters;
}

}  // namespace fanin::conformance
