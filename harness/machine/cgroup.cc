#include "harness/machine/cgroup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

struct Fact {
  const char* key;
  const char* controller;
  const char* file_v1;
  const char* file_v2;
};

constexpr Fact kFacts[] = {
    {"cgroup.cpu_quota", "cpu", "cpu.cfs_quota_us", "cpu.max"},
    {"cgroup.cpu_period", "cpu", "cpu.cfs_period_us", "cpu.max"},
    {"cgroup.cpu_statistics", "cpu", "cpu.stat", "cpu.stat"},
    {"cgroup.memory_limit", "memory", "memory.limit_in_bytes", "memory.max"},
    {"cgroup.pids_limit", "pids", "pids.max", "pids.max"},
};

// The folder in which `file` of the group is: a container often sees its own group's at the root of the mount.
std::string existing_folder(const std::string& mount, const std::string& folder, const std::string& file) {
  const std::string own = mount + folder;
  return ::access((own + "/" + file).c_str(), R_OK) == 0 ? own : mount;
}

}  // namespace

std::string cgroup_folder(const std::string& text, const std::string& controller) {
  std::istringstream lines(text);
  std::string unified;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (names == ",,") {
      unified = line.substr(second + 1);
    } else if (names.find("," + controller + ",") != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return unified;
}

void add_cgroup(Fingerprint& print) {
  const auto groups = read_file("/proc/self/cgroup");
  const bool version_2 = ::access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
  print.put("cgroup.version", version_2 ? 2 : 1);
  for (const Fact& fact : kFacts) {
    if (!groups) {
      print.missing(fact.key, "/proc/self/cgroup: cannot be read");
      continue;
    }
    const std::string mount = version_2 ? "/sys/fs/cgroup" : fmt::format("/sys/fs/cgroup/{}", fact.controller);
    const std::string file = version_2 ? fact.file_v2 : fact.file_v1;
    const std::string path = existing_folder(mount, cgroup_folder(*groups, fact.controller), file) + "/" + file;
    if (::access(path.c_str(), R_OK) == 0) {
      print.put_number(fact.key, path);
    } else {
      // The root group of version 2 has no such files because nothing limits it. The group's name stays out of results.
      print.missing(fact.key, fmt::format("this process's group has no {}", file));
    }
  }
}

}  // namespace fanin::harness
