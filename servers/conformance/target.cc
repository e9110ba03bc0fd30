#include "servers/conformance/target.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "protocols/client_options.h"
#include "servers/conformance/process.h"

namespace fanin::conformance {
namespace {

std::string run_and_read(const std::string& program, std::vector<std::string> arguments) {
  ChildProcess child({.program = program, .arguments = std::move(arguments)});
  const Deadline deadline;
  std::string text = child.read_all(deadline);
  if (const std::string end = child.wait(deadline); end != "exit status 0") {
    throw std::runtime_error(fmt::format("cannot run {} ({}): give --server PATH", program, end));
  }
  return text;
}

template <typename Value>
std::optional<Value> optional_value(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? std::nullopt : std::optional(found->get<Value>());
}

}  // namespace

std::vector<ModelTraits> read_catalog(const std::string& server_program) {
  const std::string text = run_and_read(server_program, {"list", "--json"});
  std::vector<ModelTraits> catalog;
  try {
    const auto list = nlohmann::json::parse(text);
    for (const nlohmann::json& model : list.at("models")) {
      const std::string options = optional_value<std::string>(model, "options").value_or("");
      ModelTraits traits{.name = model.at("name"),
                         .protocols = model.at("protocols"),
                         .max_descriptor = optional_value<int>(model, "max_descriptor"),
                         .concurrency = optional_value<std::size_t>(model, "concurrency"),
                         .one_thread = optional_value<std::string>(model, "threads").value_or("many") == "one",
                         .signal_queue = options.find("signal-queue") != std::string::npos,
                         .spins = options.find("idle-strategy") != std::string::npos,
                         .replicates = options.find("processes") != std::string::npos,
                         .steers = options.find("steer") != std::string::npos,
                         .accepts_in_workers = options.find("accept") != std::string::npos,
                         .worker_processes = optional_value<bool>(model, "worker_processes").value_or(false)};
      if (!model.at("supported").get<bool>()) {
        traits.unsupported = optional_value<std::string>(model, "reason").value_or("no reason given");
      }
      catalog.push_back(std::move(traits));
    }
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(fmt::format("'{} list --json' gave no list of models: {}", server_program, error.what()));
  }
  return catalog;
}

std::string read_help(const std::string& server_program) { return run_and_read(server_program, {"--help"}); }

DocumentRoot::DocumentRoot(const std::string& file, std::size_t bytes)
    : path_(std::filesystem::temp_directory_path() / "fanin-conformance-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make a directory " + path_);
  }
  std::ofstream out(path_ + "/" + file);
  if (!(out << std::string(bytes, 'f') << std::flush)) {
    throw std::system_error(errno, std::generic_category(), "cannot write " + path_ + "/" + file);
  }
}

DocumentRoot::~DocumentRoot() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

// Longer than the reply limit of a connection, so that every reply takes several steps.
constexpr std::size_t kLongReply = 100'000;
constexpr std::size_t kLongReplyBurst = 100;

}  // namespace

ProtocolSetup make_setup(std::string_view protocol) {
  if (protocol == "work") {
    // The cases test connections, not the work.
    return {.server_options = {"--work", "1us", "--work-share", "0.1"}};
  }
  if (protocol == "bulk") {
    return {.server_options = {"--reply-bytes", std::to_string(kLongReply)},
            .reply_bytes = kLongReply,
            .burst = kLongReplyBurst,
            .balanced = false};
  }
  if (protocol == "http") {
    static const DocumentRoot root("index.html", kLongReply);
    return {.server_options = {"--root", root.path()},
            .burst = kLongReplyBurst,
            .balanced = false,
            .opens_descriptors = true};
  }
  if (protocol == "chat") {
    return {.shortest_payload = 17, .longest_payload = 4000, .balanced = false, .broadcasts = true};
  }
  return {};
}

std::optional<std::string> exempt(std::string_view model, std::string_view protocol, std::string_view name) {
  if (model != "epoll-et-nodrain") {
    return std::nullopt;
  }
  // Each sends more than one read takes before it waits for the reply, or merges data and the end of the stream into
  // one event.
  constexpr std::array<std::string_view, 7> kStalls{
      "TinyReads",  "PipelinedRequests",       "LargeMessage",  "HalfCloseThenReply",
      "SlowReader", "DrainAnswersWhatArrived", "DrainUnderLoad"};
  if (protocol != "echo" || std::find(kStalls.begin(), kStalls.end(), name) != kStalls.end()) {
    return "an anti-pattern that stalls after one read per event; only short echoes are checked";
  }
  return std::nullopt;
}

std::unique_ptr<protocols::ClientProtocol> Target::client_half(std::size_t payload_bytes) const {
  return protocol->make_client(
      {.payload_bytes = std::clamp(payload_bytes, setup.shortest_payload, setup.longest_payload),
       .reply_bytes = setup.reply_bytes});
}

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

std::vector<std::uint64_t> Counters::list(const char* key) const {
  return counters_.value(key, std::vector<std::uint64_t>());
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
                               ? net::Address::of_socket_file(address.at("path").get<std::string>())
                               : net::Address::parse(address.at("host").get<std::string>(), address.at("port")));
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
    ADD_FAILURE() << "the server wrote to standard error:\n" << process_.errors();
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
