#pragma once

#include <string>
#include <string_view>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Collects facts under dotted keys ("cpu.model" becomes {"cpu":{"model":...}}). A fact that cannot be read is null, and
// "unreadable" has the reason, so it is not mistaken for an absent feature. One thread.
class Fingerprint {
 public:
  void put(std::string_view key, Json value);
  void missing(std::string_view key, const std::string& reason);

  // The trimmed text of a file, or the number in it.
  void put_text(std::string_view key, const std::string& path);
  void put_number(std::string_view key, const std::string& path);

  Json take();

 private:
  Json& place(std::string_view key);

  Json facts_ = Json::object();
  Json unreadable_ = Json::object();
};

// Adds what the control group of this process limits, and how often it was throttled: "cgroup.cpu_quota" (as the kernel
// writes it), "cgroup.cpu_statistics", "cgroup.memory_limit", "cgroup.pids_limit". Knows versions 1 and 2.
void add_cgroup(Fingerprint& print);

// The folder of `controller` that a text of /proc/self/cgroup gives, "" where that controller is in none (version 1).
// With version 2 ("0::/path") the controller does not matter.
std::string find_cgroup(const std::string& text, const std::string& controller);

}  // namespace fanin::harness
