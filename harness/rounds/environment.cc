#include "harness/rounds/environment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/Version.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "harness/machine/fingerprint.h"
#include "harness/machine/machine.h"
#include "net/affinity.h"
#include "os/build_info.h"
#include "os/format.h"
#include "os/procfs.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace fanin::harness {
namespace {

void add_digest(Fingerprint& print, const std::string& key, const std::string& path) {
  try {
    print.put(key, compute_sha256(path));
  } catch (const std::exception& error) {
    print.missing(key, error.what());
  }
}

void add_kernel(Fingerprint& print) {
  utsname name{};
  ::uname(&name);
  print.put("kernel.release", name.release);
  print.put("kernel.version", name.version);
  print.put("kernel.machine", name.machine);
  print.put_text("kernel.command_line", "/proc/cmdline");
  const std::string beside_kernel = fmt::format("/boot/config-{}", name.release);
  const bool in_proc = ::access("/proc/config.gz", R_OK) == 0;
  add_digest(print, "kernel.config_sha256", in_proc ? "/proc/config.gz" : beside_kernel);
  const std::string folder = "/sys/devices/system/cpu/vulnerabilities";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    print.put_text("kernel.mitigations." + entry.path().filename().string(), entry.path().string());
  }
  if (error) {
    print.missing("kernel.mitigations", fmt::format("{}: {}", folder, error.message()));
  }
}

// The text after "label :" in the first block of /proc/cpuinfo.
void add_cpuinfo(Fingerprint& print, const std::string& key, const std::string& info, const std::string& label) {
  const std::size_t at = info.find("\n" + label + "\t");
  const std::size_t colon = at == std::string::npos ? at : info.find(": ", at + 1);
  if (colon == std::string::npos) {
    print.missing(key, fmt::format("/proc/cpuinfo: has no '{}'", label));
    return;
  }
  print.put(key, info.substr(colon + 2, info.find('\n', colon) - colon - 2));
}

void add_cpu(Fingerprint& print) {
  const std::string info = "\n" + os::read_file("/proc/cpuinfo").value_or("");
  add_cpuinfo(print, "cpu.model", info, "model name");
  add_cpuinfo(print, "cpu.vendor", info, "vendor_id");
  add_cpuinfo(print, "cpu.family", info, "cpu family");
  add_cpuinfo(print, "cpu.model_number", info, "model");
  add_cpuinfo(print, "cpu.stepping", info, "stepping");
  add_cpuinfo(print, "cpu.microcode", info, "microcode");
  print.put("cpu.online", ::sysconf(_SC_NPROCESSORS_ONLN));
  const std::string folder = "/sys/devices/system/cpu/";
  print.put_text("cpu.online_list", folder + "online");
  print.put_text("cpu.isolated", folder + "isolated");
  print.put_text("cpu.smt", folder + "smt/control");
  print.put_text("cpu.governor", folder + "cpu0/cpufreq/scaling_governor");
  print.put_text("cpu.frequency_driver", folder + "cpu0/cpufreq/scaling_driver");
  print.put_text("cpu.idle_driver", folder + "cpuidle/current_driver");
  print.put("cpu.allowed", net::allowed_cpus());
}

// The name that a hypervisor gives of itself through CPUID; nothing on bare metal.
void add_hypervisor(Fingerprint& print) {
#if defined(__x86_64__) || defined(__i386__)
  unsigned eax = 0;
  std::array<unsigned, 4> name{};
  __cpuid(1, eax, name[0], name[1], name[2]);
  if ((name[1] & (1U << 31)) == 0) {  // ECX bit 31: "hypervisor present"
    print.put("hypervisor", nullptr);
    return;
  }
  name = {};
  __cpuid(0x40000000, eax, name[0], name[1], name[2]);
  print.put("hypervisor", std::string(reinterpret_cast<const char*>(name.data())));
#else
  print.put_text("hypervisor", "/sys/hypervisor/type");
#endif
}

void add_memory(Fingerprint& print) {
  const std::string info = os::read_file("/proc/meminfo").value_or("");
  const auto add = [&](const char* key, const char* label) {
    if (const auto number = os::find_labelled_number(info, label)) {
      print.put(key, *number * 1024);
    } else {
      print.missing(key, fmt::format("/proc/meminfo: has no '{}'", label));
    }
  };
  add("memory.total_bytes", "MemTotal");
  add("memory.available_bytes", "MemAvailable");
  add("memory.swap_total_bytes", "SwapTotal");
  print.put_text("memory.transparent_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled");
}

void add_limits(Fingerprint& print) {
  constexpr std::array<std::pair<const char*, int>, 4> kLimits{
      {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"memlock", RLIMIT_MEMLOCK}, {"stack", RLIMIT_STACK}}};
  for (const auto& [name, resource] : kLimits) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
    const auto value = [](rlim_t number) { return number == RLIM_INFINITY ? Json("unlimited") : Json(number); };
    print.put(fmt::format("limits.{}_soft", name), value(limit.rlim_cur));
    print.put(fmt::format("limits.{}_hard", name), value(limit.rlim_max));
  }
}

void add_sysctls(Fingerprint& print) {
  constexpr std::array kNames{
      "fs.nr_open",
      "fs.file-max",
      "kernel.pid_max",
      "kernel.threads-max",
      "kernel.io_uring_disabled",
      "kernel.sched_autogroup_enabled",
      "vm.max_map_count",
      "vm.overcommit_memory",
      "net.core.somaxconn",
      "net.core.netdev_max_backlog",
      "net.core.rmem_default",
      "net.core.rmem_max",
      "net.core.wmem_default",
      "net.core.wmem_max",
      "net.core.busy_poll",
      "net.core.busy_read",
      "net.ipv4.ip_local_port_range",
      "net.ipv4.tcp_rmem",
      "net.ipv4.tcp_wmem",
      "net.ipv4.tcp_mem",
      "net.ipv4.tcp_max_syn_backlog",
      "net.ipv4.tcp_syncookies",
      "net.ipv4.tcp_abort_on_overflow",
      "net.ipv4.tcp_tw_reuse",
      "net.ipv4.tcp_fin_timeout",
      "net.ipv4.tcp_congestion_control",
      "net.ipv4.tcp_autocorking",
      "net.ipv4.tcp_slow_start_after_idle",
      "net.ipv4.tcp_timestamps",
      "net.ipv4.tcp_sack",
  };
  for (const std::string name : kNames) {
    std::string path = "/proc/sys/" + name;
    for (std::size_t at = 10; at < path.size(); ++at) {
      path[at] = path[at] == '.' ? '/' : path[at];
    }
    print.put_number("sysctl." + name, path);
  }
}

void add_load(Fingerprint& print) {
  std::array<double, 3> averages{};
  if (::getloadavg(averages.data(), 3) == 3) {
    print.put("load.averages", averages);
  } else {
    print.missing("load.averages", "getloadavg failed");
  }
  for (const std::string resource : {"cpu", "memory", "io"}) {
    print.put_text("load.pressure." + resource, "/proc/pressure/" + resource);
  }
  const auto steal = read_machine_cpu().steal;
  if (steal) {
    print.put("load.steal_ns", steal->count());
  } else {
    print.missing("load.steal_ns", "/proc/stat: has no such field");
  }
}

Json build_json() {
  const os::BuildInfo& build = os::build_info();
  const bool has_commit = !build.git_commit.empty();
  return {{"version", build.version},
          {"compiler", build.compiler},
          {"build_type", build.build_type},
          {"flags", build.flags},
          {"sanitizers", build.sanitizers},
          {"git_commit", has_commit ? Json(build.git_commit) : Json(nullptr)},
          {"git_dirty", has_commit ? Json(build.git_dirty) : Json(nullptr)},
          {"libraries",
           {{"glibc", ::gnu_get_libc_version()},
            {"fmt", FMT_VERSION},
            {"CLI11", CLI11_VERSION},
            {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                          NLOHMANN_JSON_VERSION_PATCH)}}}};
}

void add_build(Fingerprint& print) {
  const Json build = build_json();
  print.put("build", build);
  for (const char* key : {"git_commit", "git_dirty"}) {
    if (build.at(key).is_null()) {
      print.missing(fmt::format("build.{}", key), "built outside a git checkout");
    }
  }
}

void describe(const Json& value, const std::string& key, const Json& unreadable, std::string& text) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      if (!key.empty() || name != "unreadable") {
        describe(inner, key.empty() ? name : fmt::format("{}.{}", key, name), unreadable, text);
      }
    }
    return;
  }
  std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
  if (const auto reason = unreadable.find(key); reason != unreadable.end()) {
    shown = fmt::format("unreadable ({})", reason->get<std::string>());
  } else if (value.is_null()) {
    shown = "none";
  }
  for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at)) {
    shown.replace(at, 1, "; ");
  }
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  text += fmt::format("{:<40} {}\n", key, os::printable(shown, 10'000));
}

}  // namespace

std::string timestamp_now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(time.tv_sec), time.tv_nsec / 1'000'000);
}

Json read_environment(const Programs& programs) {
  Fingerprint print;
  print.put("collected_at", timestamp_now());
  add_kernel(print);
  add_cpu(print);
  add_hypervisor(print);
  add_memory(print);
  print.put_text("clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  print.put_text("clocksources_available", "/sys/devices/system/clocksource/clocksource0/available_clocksource");
  add_cgroup(print);
  add_limits(print);
  add_sysctls(print);
  add_load(print);
  add_build(print);
  add_digest(print, "binaries.fanin_sha256", programs.self);
  add_digest(print, "binaries.fanin-server_sha256", programs.server);
  add_digest(print, "binaries.fanin-load_sha256", programs.load);
  if (!programs.micro.empty()) {
    add_digest(print, "binaries.fanin-micro_sha256", programs.micro);
  }
  return print.take();
}

void refuse_changed_environment(const Json& before, const Json& now) {
  for (const char* place :
       {"/kernel/release", "/cpu/model", "/cpu/allowed", "/hypervisor", "/clocksource", "/binaries/fanin-server_sha256",
        "/binaries/fanin-load_sha256", "/binaries/fanin-micro_sha256"}) {
    const Json::json_pointer pointer(place);
    const Json was = before.contains(pointer) ? before[pointer] : Json();
    const Json is = now.contains(pointer) ? now[pointer] : Json();
    if (was != is) {
      throw std::invalid_argument(fmt::format("cannot resume: {} was {}, and is {} now: start a new run",
                                              std::string_view(place).substr(1), was.dump(), is.dump()));
    }
  }
}

std::string describe_busy(const Json& environment) {
  const Json load = environment.value("load", Json::object());
  const Json averages = load.value("averages", Json());
  const Json pressure = load.value("pressure", Json::object()).value("cpu", Json());
  os::MachineLoad read = os::parse_machine_load(averages.is_array() ? averages.front().dump() : "",
                                                pressure.is_string() ? pressure.get<std::string>() : "", "", 0);
  read.cpus = environment.value("cpu", Json::object()).value("online", 1U);
  return os::why_busy(read);
}

std::string describe_environment(const Json& environment) {
  std::string text;
  describe(environment, "", environment.at("unreadable"), text);
  return text;
}

}  // namespace fanin::harness
