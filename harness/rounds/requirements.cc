#include "harness/rounds/requirements.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "net/clock.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

constexpr net::Nanoseconds kProbeDeadline = std::chrono::seconds(30);

bool is_executable(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::is_regular_file(path, unreadable) && ::access(path.c_str(), X_OK) == 0;
}

// Finds the module without importing it, which may take long.
bool has_module(const std::string& python, const std::string& name) {
  if (!is_program_installed(python)) {
    return false;
  }
  os::ChildProcess child(
      {{python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)", name},
       {},
       -1,
       os::Output::Keep::kTail});
  const auto ended = [&] { return child.status().has_value(); };
  return os::wait_until({&child}, -1, -1, net::now() + kProbeDeadline, ended) == os::WaitResult::kDone &&
         child.status()->clean();
}

}  // namespace

bool is_program_installed(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return is_executable(name);
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (is_executable(std::filesystem::path(folder) / name)) {
      return true;
    }
  }
  return false;
}

std::string find_missing_requirement(const ServerSpec& server) {
  for (const Requirement& each : server.requirements) {
    switch (each.kind) {
      case Requirement::Kind::kProgram:
        if (!is_program_installed(each.name)) {
          return fmt::format("needs the program {}: {}", each.name, each.remedy);
        }
        break;
      case Requirement::Kind::kModule:
        if (!has_module(server.command.front(), each.name)) {
          return fmt::format("needs the Python module {}: {}", each.name, each.remedy);
        }
        break;
      case Requirement::Kind::kFile:
        if (::access(each.name.c_str(), R_OK) != 0) {
          return fmt::format("needs the file {}: {}", each.name, each.remedy);
        }
        break;
    }
  }
  return "";
}

}  // namespace fanin::harness
