// fanin-conformance: whether the models serve their protocols rightly. Run by ctest, and by `fanin run` before it times
// anything.
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
#include "servers/conformance/document_root.h"
#include "servers/conformance/exhibits.h"
#include "servers/conformance/patience.h"

namespace fanin::conformance {
namespace {

constexpr int kUnsupported = 77;

struct Selection {
  std::string server_program;
  std::vector<std::string> models;
  std::vector<std::string> protocols;
  bool quick = false;
};

constexpr std::uint64_t kAllCasesDescriptors = 1024;  // of the cases that do not skip themselves where there are fewer
constexpr std::uint64_t kQuickDescriptors = 256;

// Why the cases could not all be run; empty: they were.
std::string shortage;

// Errors of a call that no server causes, on either end of a connection.
bool is_shortage(const std::error_code& error) {
  constexpr std::array kErrors{EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, EFBIG, EROFS};
  return std::find(kErrors.begin(), kErrors.end(), error.value()) != kErrors.end();
}

// Throws Shortage where something is missing that all cases take.
void check_surroundings(bool quick) {
  const std::uint64_t needed = quick ? kQuickDescriptors : kAllCasesDescriptors;
  if (const std::uint64_t limit = raise_descriptor_limit(); limit < needed) {
    throw Shortage(
        fmt::format("a process may have {0} descriptors, and {1} are needed: ulimit -Hn {1}", limit, needed));
  }
  try {
    const DocumentRoot probe("probe", std::size_t{16} << 10);
  } catch (const std::system_error& error) {
    throw Shortage(
        fmt::format("no temporary file can be written: {}: set TMPDIR to a directory with room", error.what()));
  }
}

class CaseTest : public testing::Test {
 public:
  CaseTest(const Subject& subject, const Case& what) : subject_(subject), case_(what) {}

  void TestBody() override {
    if (subject_.model.unsupported) {
      GTEST_SKIP() << subject_.model.name << " is not supported here: " << *subject_.model.unsupported;
    }
    if (const auto reason = exempt(subject_.model.name, subject_.protocol->name, case_.name)) {
      GTEST_SKIP() << subject_.model.name << ": " << *reason;
    }
    if (!shortage.empty()) {
      GTEST_SKIP() << shortage;
    }
    try {
      case_.run(subject_);
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
  Subject subject_;
  Case case_;
};

// Those of `known` that were asked for, all of them where nothing was. Throws std::invalid_argument for a name that is
// not there.
std::vector<std::string> choose(const std::vector<std::string>& known, const std::vector<std::string>& wanted,
                                const char* kind) {
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw std::invalid_argument(fmt::format("unknown {} '{}': choose one of {}", kind, name, fmt::join(known, ", ")));
    }
  }
  return wanted.empty() ? known : wanted;
}

void register_subject(const Subject& subject, const std::vector<Case>& cases) {
  const std::string suite = fmt::format("{}/{}", subject.model.name, subject.protocol->name);
  for (const Case& each : cases) {
    if ((each.quick || !subject.quick) && each.applies(subject)) {
      testing::RegisterTest(suite.c_str(), each.name, nullptr, nullptr, __FILE__, __LINE__,
                            [subject, each]() -> testing::Test* { return new CaseTest(subject, each); });
    }
  }
}

void register_model(const ModelTraits& model, const Selection& selection, bool several_ports) {
  const auto names = choose(model.protocols, selection.protocols, "protocol");
  const std::vector<Case> cases = all_cases();
  for (const std::string& name : names) {
    const Protocol& protocol = find_protocol(name);
    if (protocol.make_client != nullptr) {
      register_subject({.server_program = selection.server_program,
                        .model = model,
                        .protocol = &protocol,
                        .setup = setup_of(name),
                        .quick = selection.quick,
                        .home_protocol = name == names.front(),
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
  testing::InitGoogleTest(&argc, argv);  // takes its own flags out
  CLI::App app("Checks that concurrency models serve their protocols rightly. Flags of GoogleTest work too.",
               "fanin-conformance");
  app.set_version_flag("--version", FANIN_VERSION);
  Selection selection;
  selection.server_program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fanin-server";
  app.add_option("--server", selection.server_program, "the server program")->capture_default_str();
  app.add_option("--model", selection.models, "these models only; `fanin-server list` shows them");
  app.add_option("--protocol", selection.protocols, "these protocols only");
  app.add_flag("--quick", selection.quick, "the subset that is fit for a check before a timing");
  if (const auto exit_code = parse_command_line(app, argc, argv)) {
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
  return fanin::run_program("fanin-conformance", [&] { return fanin::conformance::run(argc, argv); });
}
