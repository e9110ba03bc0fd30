#include "harness/machine/fingerprint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "os/procfs.h"

namespace fanin::harness {
Json& Fingerprint::place(std::string_view key) {
  Json* at = &facts_;
  for (std::string_view rest = key;;) {
    const auto dot = rest.find('.');
    at = &(*at)[std::string(rest.substr(0, dot))];
    if (dot == std::string_view::npos) {
      return *at;
    }
    rest.remove_prefix(dot + 1);
  }
}

void Fingerprint::put(std::string_view key, Json value) { place(key) = std::move(value); }

void Fingerprint::missing(std::string_view key, const std::string& reason) {
  place(key) = nullptr;
  unreadable_[std::string(key)] = reason;
}

void Fingerprint::put_text(std::string_view key, const std::string& path) {
  if (const auto text = os::read_trimmed(path)) {
    put(key, *text);
  } else {
    missing(key, fmt::format("{}: {}", path, std::strerror(errno)));
  }
}

void Fingerprint::put_number(std::string_view key, const std::string& path) {
  const auto text = os::read_trimmed(path);
  if (!text) {
    missing(key, fmt::format("{}: {}", path, std::strerror(errno)));
    return;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size()) {
    put(key, number);
  } else {
    put(key, *text);  // "max", or a number beyond 64 bits
  }
}

Json Fingerprint::take() {
  facts_["unreadable"] = std::move(unreadable_);
  return std::move(facts_);
}

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

std::string find_cgroup(const std::string& text, const std::string& controller) {
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
  const auto groups = os::read_file("/proc/self/cgroup");
  const bool version_2 = ::access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
  print.put("cgroup.version", version_2 ? 2 : 1);
  for (const Fact& fact : kFacts) {
    if (!groups) {
      print.missing(fact.key, "/proc/self/cgroup: cannot be read");
      continue;
    }
    const std::string mount = version_2 ? "/sys/fs/cgroup" : fmt::format("/sys/fs/cgroup/{}", fact.controller);
    const std::string file = version_2 ? fact.file_v2 : fact.file_v1;
    const std::string path = existing_folder(mount, find_cgroup(*groups, fact.controller), file) + "/" + file;
    if (::access(path.c_str(), R_OK) == 0) {
      print.put_number(fact.key, path);
    } else {
      // The root group of version 2 has no such files because nothing limits it. The group's name stays out of results.
      print.missing(fact.key, fmt::format("this process's group has no {}", file));
    }
  }
}

}  // namespace fanin::harness
