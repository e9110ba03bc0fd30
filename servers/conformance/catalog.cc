#include "servers/conformance/catalog.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "servers/conformance/child_process.h"

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

}  // namespace fanin::conformance
