#include "harness/rounds/programs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

#include "os/child_process.h"

namespace fanin::harness {
namespace {

// Programs may be started in other folders.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

}  // namespace

Programs Programs::beside_self(const std::string& server_override, const std::string& load_override) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path folder = self.parent_path();
  Programs programs{self.string(), (folder / "fanin-server").string(), (folder / "fanin-load").string(),
                    (folder / "fanin-conformance").string()};
  if (!server_override.empty()) {
    programs.server = absolute(server_override);
  }
  if (!load_override.empty()) {
    programs.load = absolute(load_override);
  }
  if (::access(programs.conformance.c_str(), X_OK) != 0) {
    programs.conformance.clear();
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
  ChildProcess child({{path, "--version"}, {}, -1, Output::Keep::kAll});
  const auto ended = [&] { return child.status().has_value(); };
  const bool clean = wait_until({&child}, -1, -1, now() + std::chrono::seconds(30), ended) == WaitResult::kDone &&
                     child.status()->clean();
  if (!clean || child.out().all().rfind("fanin-load ", 0) != 0) {
    throw std::invalid_argument(fmt::format(
        "{}: is no fanin-load, by what it says to --version: build the project, or name it with --load-binary", path));
  }
}

std::string sha256_of(const std::string& path) {
  ChildProcess child({{"sha256sum", "--", path}, {}, -1, Output::Keep::kTail});
  const auto ended = [&] { return child.status().has_value(); };
  if (wait_until({&child}, -1, -1, now() + std::chrono::seconds(30), ended) != WaitResult::kDone) {
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

}  // namespace fanin::harness
