// fanin-conformance: whether the models serve their protocols correctly. Run by ctest, and by `fanin run` before its
// measurements.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "net/socket.h"
#include "os/command_line.h"
#include "os/program.h"
#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto group : {stream_cases(), closing_cases(), drain_cases(), batch_cases(), setup_cases(), leak_cases(),
                           reuse_cases(), slow_reader_cases(), many_connections_cases(), descriptor_limit_cases(),
                           topology_cases(), replica_cases(), netcat_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  return cases;
}

bool is_any(const Target& /*target*/) { return true; }
bool has_requests(const Target& target) { return target.client_half()->request_bytes() > 0; }
bool is_greeting(const Target& target) { return !has_requests(target); }
bool keeps_connections(const Target& target) { return !target.client_half()->one_request_per_connection(); }
bool is_default_protocol(const Target& target) { return target.default_protocol; }
bool is_default_and_keeps(const Target& target) { return target.default_protocol && keeps_connections(target); }

namespace {

constexpr int kUnsupported = 77;

struct Selection {
  std::string server_program;
  std::vector<std::string> models;
  std::vector<std::string> protocols;
  bool quick = false;
};

constexpr std::uint64_t kAllCasesDescriptors = 1024;  // for cases that do not skip themselves
constexpr std::uint64_t kQuickDescriptors = 256;

// Why some cases could not run; empty if all did.
std::string shortage;

// Errors of a local call, not caused by the server.
bool is_shortage(const std::error_code& error) {
  constexpr std::array kErrors{EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, EFBIG, EROFS};
  return std::find(kErrors.begin(), kErrors.end(), error.value()) != kErrors.end();
}

// Throws Shortage if a resource that all cases need is missing.
void check_surroundings(bool quick) {
  const std::uint64_t needed = quick ? kQuickDescriptors : kAllCasesDescriptors;
  if (const std::uint64_t limit = net::raise_descriptor_limit(); limit < needed) {
    throw Shortage(fmt::format("the descriptor limit is {0}, and {1} are needed: ulimit -Hn {1}", limit, needed));
  }
  try {
    const DocumentRoot probe("probe", std::size_t{16} << 10);
  } catch (const std::system_error& error) {
    throw Shortage(fmt::format("cannot write a temporary file: {}: set TMPDIR to a directory with room", error.what()));
  }
}

class CaseTest : public testing::Test {
 public:
  CaseTest(const Target& target, const Case& what) : target_(target), case_(what) {}

  void TestBody() override {
    if (target_.model.unsupported) {
      GTEST_SKIP() << target_.model.name << " is not supported here: " << *target_.model.unsupported;
    }
    if (const auto reason = exempt(target_.model.name, target_.protocol->name, case_.name)) {
      GTEST_SKIP() << target_.model.name << ": " << *reason;
    }
    if (!shortage.empty()) {
      GTEST_SKIP() << shortage;
    }
    try {
      case_.run(target_);
    } catch (const Shortage& error) {
      shortage = error.what();
    } catch (const std::system_error& error) {
      if (!is_shortage(error.code())) {
        throw;
      }
      shortage = error.what();
    }
  }

 private:
  Target target_;
  Case case_;
};

// The `wanted` ones of `known`, all of them without `wanted`. Throws std::invalid_argument for an unknown name.
std::vector<std::string> choose(const std::vector<std::string>& known, const std::vector<std::string>& wanted,
                                const char* kind) {
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw std::invalid_argument(fmt::format("unknown {} '{}': choose one of {}", kind, name, fmt::join(known, ", ")));
    }
  }
  return wanted.empty() ? known : wanted;
}

void register_target(const Target& target, const std::vector<Case>& cases) {
  const std::string suite = fmt::format("{}/{}", target.model.name, target.protocol->name);
  for (const Case& each : cases) {
    if ((each.quick || !target.quick) && each.applies(target)) {
      testing::RegisterTest(suite.c_str(), each.name, nullptr, nullptr, __FILE__, __LINE__,
                            [target, each]() -> testing::Test* { return new CaseTest(target, each); });
    }
  }
}

void register_model(const ModelTraits& model, const Selection& selection, bool several_ports) {
  const auto names = choose(model.protocols, selection.protocols, "protocol");
  const std::vector<Case> cases = all_cases();
  for (const std::string& name : names) {
    const protocols::Protocol& protocol = protocols::find_protocol(name);
    if (protocol.make_client != nullptr) {
      register_target({.server_program = selection.server_program,
                       .model = model,
                       .protocol = &protocol,
                       .setup = make_setup(name),
                       .quick = selection.quick,
                       .default_protocol = name == names.front(),
                       .several_ports = several_ports},
                      cases);
    }
  }
}

void register_tests(const Selection& selection) {
  const auto catalog = read_catalog(selection.server_program);
  const bool several_ports = read_help(selection.server_program).find("--listen") != std::string::npos;
  std::vector<std::string> known;
  known.reserve(catalog.size());
  for (const ModelTraits& model : catalog) {
    known.push_back(model.name);
  }
  for (const std::string& name : choose(known, selection.models, "model")) {
    register_model(*std::find_if(catalog.begin(), catalog.end(), [&](const auto& m) { return m.name == name; }),
                   selection, several_ports);
  }
}

int verdict() {
  const int failed = RUN_ALL_TESTS();
  if (!shortage.empty()) {
    throw Shortage(shortage);
  }
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  if (failed == 0 && all.test_to_run_count() > 0 && all.skipped_test_count() == all.test_to_run_count()) {
    return kUnsupported;
  }
  return failed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);  // removes its own flags
  CLI::App app("Checks that concurrency models serve their protocols correctly. Takes the flags of GoogleTest too.",
               "fanin-conformance");
  app.set_version_flag("--version", FANIN_VERSION);
  Selection selection;
  selection.server_program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fanin-server";
  app.add_option("--server", selection.server_program,
                 "the server program; default: fanin-server in the directory of fanin-conformance");
  app.add_option("--model", selection.models, "only these models; `fanin-server list` shows them");
  app.add_option("--protocol", selection.protocols, "only these protocols");
  app.add_flag("--quick", selection.quick, "only the subset for a check before a measurement");
  if (const auto exit_code = os::parse_command_line(app, argc, argv)) {
    return *exit_code;
  }
  check_surroundings(selection.quick);
  std::signal(SIGPIPE, SIG_IGN);
  register_tests(selection);
  return verdict();
}

}  // namespace
}  // namespace fanin::conformance

int main(int argc, char** argv) {
  return fanin::os::run_program("fanin-conformance", [&] { return fanin::conformance::run(argc, argv); });
}
