#include "harness/rounds/programs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "harness/machine/doctor.h"
#include "harness/rounds/requirements.h"
#include "harness/rounds/server_command.h"
#include "os/child_process.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// Programs may be started in other folders.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

}  // namespace

Programs Programs::find(const std::string& server_override, const std::string& load_override) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path folder = self.parent_path();
  Programs programs{self.string(), (folder / "fanin-server").string(), (folder / "fanin-load").string(),
                    (folder / "fanin-conformance").string(), (folder / "fanin-micro").string()};
  if (!server_override.empty()) {
    programs.server = absolute(server_override);
  }
  if (!load_override.empty()) {
    programs.load = absolute(load_override);
  }
  if (::access(programs.conformance.c_str(), X_OK) != 0) {
    programs.conformance.clear();
  }
  if (::access(programs.micro.c_str(), X_OK) != 0) {
    programs.micro.clear();
  }
  return programs;
}

std::filesystem::path Programs::data() const {
  const std::filesystem::path program_directory = std::filesystem::path(self).parent_path();
  for (const char* candidate : {"share/fanin", "../share/fanin"}) {
    std::filesystem::path folder = (program_directory / candidate).lexically_normal();
    std::error_code unreadable;
    if (std::filesystem::is_directory(folder / "suites", unreadable)) {
      return folder;
    }
  }
  throw std::invalid_argument(fmt::format(
      "the suites and plots are neither in {0}/share/fanin nor in {0}/../share/fanin: install fanin, or run "
      "it in its build directory",
      program_directory.string()));
}

void require_generator(const std::string& path) {
  os::ChildProcess child({{path, "--version"}, {}, -1, os::Output::Keep::kAll});
  const auto ended = [&] { return child.status().has_value(); };
  const bool clean =
      os::wait_until({&child}, -1, -1, net::now() + std::chrono::seconds(30), ended) == os::WaitResult::kDone &&
      child.status()->clean();
  if (!clean || child.out().all().rfind("fanin-load ", 0) != 0) {
    throw std::invalid_argument(fmt::format(
        "{}: is no fanin-load, by what it says to --version: build the project, or name it with --load-binary", path));
  }
}

std::string compute_sha256(const std::string& path) {
  os::ChildProcess child({{"sha256sum", "--", path}, {}, -1, os::Output::Keep::kTail});
  const auto ended = [&] { return child.status().has_value(); };
  if (os::wait_until({&child}, -1, -1, net::now() + std::chrono::seconds(30), ended) != os::WaitResult::kDone) {
    throw std::runtime_error("sha256sum does not end");
  }
  constexpr std::size_t kDigits = 64;
  const std::string line = child.out().last_line();
  if (!child.status()->clean() || line.size() < kDigits) {
    throw std::runtime_error(fmt::format("sha256sum: {}", child.status()->text()));
  }
  // A name with odd characters makes the line begin with a backslash.
  return line.substr(line.front() == '\\' ? 1 : 0, kDigits);
}

namespace {

// Idle connections that wait in the accept queue cost the server nothing, so a measurement would flatter it. Options
// of the server may change how many workers it has, so where there are any this cannot be told beforehand.
std::string unserved_reason(const Cell& cell, const ServerSpec& server, const Catalogue& catalogue) {
  const Model* model = server.model.empty() ? nullptr : catalogue.find(server.model);
  const std::int64_t idle = cell.workload.idle_connections();
  const std::int64_t all = cell.workload.connections() + idle;
  if (model == nullptr || !model->concurrency || !server.args.empty() || idle == 0 || all <= *model->concurrency) {
    return "";
  }
  return fmt::format("{} serves {} connection{} at a time, and of {} the others would only wait to be accepted",
                     model->name, *model->concurrency, *model->concurrency == 1 ? "" : "s", all);
}

}  // namespace

Catalogue Catalogue::parse(const Json& listing, const std::string& name) {
  Catalogue catalogue;
  const JsonReader root(listing, name);
  root.at("schema_version").integer(1, 1);
  for (const JsonReader& item : root.at("models").items()) {
    Model model;
    model.name = item.at("name").text();
    model.summary = item.at("summary").text();
    model.kind = item.at("kind").text();
    model.supported = item.at("supported").boolean();
    if (const auto reason = item.find("reason"); reason && !reason->value().is_null()) {
      model.reason = reason->text();
    }
    for (const JsonReader& protocol : item.at("protocols").items()) {
      model.protocols.push_back(protocol.text());
    }
    if (const auto limit = item.find("max_descriptor"); limit && !limit->value().is_null()) {
      model.max_descriptor = limit->integer(0, INT64_MAX);
    }
    if (const auto concurrency = item.find("concurrency"); concurrency && !concurrency->value().is_null()) {
      model.concurrency = concurrency->integer(1, INT64_MAX);
    }
    catalogue.models_.push_back(std::move(model));
  }
  return catalogue;
}

Catalogue Catalogue::query(const std::string& program) {
  os::ChildProcess child({{program, "list", "--json"}, {}, -1, os::Output::Keep::kAll});
  const auto ended = [&] { return child.status().has_value(); };
  if (os::wait_until({&child}, -1, -1, net::now() + std::chrono::seconds(30), ended) != os::WaitResult::kDone ||
      !child.status()->clean()) {
    throw std::invalid_argument(fmt::format("{}: 'list --json' fails: {}", program, child.err().last_line()));
  }
  const std::string name = fmt::format("{} list --json", program);
  return parse(parse_json(child.out().all(), name), name);
}

Catalogue Catalogue::without_limits() const {
  Catalogue unlimited = *this;
  for (Model& model : unlimited.models_) {
    model.max_descriptor.reset();
    model.concurrency.reset();
  }
  return unlimited;
}

const Model* Catalogue::find(const std::string& name) const {
  const auto found =
      std::find_if(models_.begin(), models_.end(), [&](const Model& model) { return model.name == name; });
  return found == models_.end() ? nullptr : &*found;
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> names;
  for (const Model& each : models_) {
    names.push_back(each.name);
  }
  return names;
}

void check_models(const Suite& suite, const std::string& file, const Catalogue& catalogue) {
  for (std::size_t i = 0; i < suite.servers.size(); ++i) {
    const ServerSpec& server = suite.servers[i];
    if (!server.model.empty() && catalogue.find(server.model) == nullptr) {
      const std::vector<std::string> known = catalogue.names();
      throw std::invalid_argument(fmt::format(
          "{}: /servers/{}/model: there is no model '{}': {}", file, i, os::printable(server.model, kLongestName),
          os::suggest(server.model, known, fmt::format("known are {}", fmt::join(known, ", ")))));
    }
  }
}

std::string unsupported_reason(const Cell& cell, const ServerSpec& server, const Catalogue& catalogue,
                               const MachineLimits& limits) {
  if (std::string missing = find_missing_requirement(server); !missing.empty()) {
    return missing;
  }
  const std::int64_t connections = cell.workload.all_connections();
  const std::int64_t needed = connections + kOtherDescriptors;
  if (const Model* model = server.model.empty() ? nullptr : catalogue.find(server.model)) {
    const std::string protocol = cell.workload.protocol();
    const auto& protocols = model->protocols;
    if (!model->supported) {
      return model->reason.empty() ? "this machine does not support the model" : model->reason;
    }
    if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
      return fmt::format("model {} does not serve protocol {}", model->name, protocol);
    }
    if (model->max_descriptor && needed > *model->max_descriptor) {
      return fmt::format("{} connections need descriptors beyond {}, the highest that {} can watch", connections,
                         *model->max_descriptor, model->name);
    }
  }
  if (std::string reason = unserved_reason(cell, server, catalogue); !reason.empty()) {
    return reason;
  }
  const std::uint64_t of_process = limits.descriptors_hard.value_or(MachineLimits::kUnlimited);
  if (!server.scales_out() && static_cast<std::uint64_t>(needed) > of_process) {
    return fmt::format("{} connections need more than the {} descriptors that a process may hold here (ulimit -Hn)",
                       connections, of_process);
  }
  const Headroom headroom = judge(limits, static_cast<std::uint64_t>(connections));
  return headroom.fits() ? ""
                         : fmt::format("no room for {0} connections: {1} (fanin doctor --connections {0})",
                                       headroom.connections, headroom.obstacle());
}

namespace {

constexpr int kRefusedArguments = 2;
constexpr net::Nanoseconds kCheckDeadline = std::chrono::seconds(30);

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string find_refusal(std::vector<std::string> argv, const std::string& directory) {
  const auto is_port = [](const std::string& argument) {
    return argument == "--port" || argument.starts_with("--port=");
  };
  if (std::count_if(argv.begin(), argv.end(), is_port) > 1) {  // one is the harness's own
    return "--port: fanin chooses the port: leave it out";
  }
  argv.insert(argv.begin() + 1, "--check");  // at the end it could be the value of an option that lacks one
  os::ChildProcess child({.argv = std::move(argv), .directory = directory});
  const auto ended = [&] { return child.status().has_value(); };
  const bool has_ended = os::wait_until({&child}, -1, -1, net::now() + kCheckDeadline, ended) == os::WaitResult::kDone;
  return has_ended && child.status()->code == kRefusedArguments ? child.err().last_line() : "";
}

std::vector<std::string> server_command_to_check(const ServerSpec& server, const Workload& workload,
                                                 const Programs& programs, const std::string& program) {
  return server_command(server, workload, program.empty() ? programs.server : program,
                        {.descriptors = UINT64_MAX,
                         .share = server.mentions("{share}") ? programs.data().string() : "",
                         .scratch = std::filesystem::temp_directory_path().string()});
}

void check_server_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                            const Catalogue& catalogue) {
  for (std::size_t i = 0; i < suite.servers.size(); ++i) {
    const ServerSpec& server = suite.servers[i];
    for (const Experiment& experiment : suite.experiments) {
      if (server.args.empty() || !is_among(experiment.servers, server.name) ||
          !is_among(catalogue.find(server.model)->protocols, experiment.workload.protocol())) {
        continue;
      }
      const std::string said = find_refusal(server_command_to_check(server, experiment.workload, programs), "");
      if (!said.empty()) {
        throw std::invalid_argument(
            fmt::format("{}: /servers/{}/args (experiment '{}'): {}", file, i, experiment.name, said));
      }
    }
  }
}

void check_load_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                          const std::filesystem::path& folder) {
  std::set<std::vector<std::string>> checked;
  for (std::size_t i = 0; i < suite.experiments.size(); ++i) {
    const Experiment& experiment = suite.experiments[i];
    for (const Json& value : experiment.sweep.values) {
      std::vector<std::string> argv{programs.load};
      if (experiment.interleaved) {
        argv.insert(argv.end(), {"--target", "127.0.0.1:1", "--target", "127.0.0.1:2"});
      } else {
        argv.emplace_back("127.0.0.1:1");
      }
      const auto workload = experiment.workload.with(experiment.sweep.parameter, value).load_arguments();
      argv.insert(argv.end(), workload.begin(), workload.end());
      argv.insert(argv.end(), {"--warmup", experiment.warmup.text()});
      if (!checked.insert(argv).second) {
        continue;
      }
      if (const std::string said = find_refusal(std::move(argv), folder.string()); !said.empty()) {
        throw std::invalid_argument(fmt::format("{}: /experiments/{}/workload ({} {}): {}", file, i,
                                                experiment.sweep.parameter, value.dump(), said));
      }
    }
  }
}

bool can_interleave(const Programs& programs, const Workload& workload, const std::string& directory) {
  std::vector<std::string> argv{programs.load, "--target", "127.0.0.1:1", "--target", "127.0.0.1:2"};
  const std::vector<std::string> arguments = workload.load_arguments();
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return find_refusal(std::move(argv), directory).empty();
}

}  // namespace fanin::harness
