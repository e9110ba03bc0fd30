#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "harness/machine/doctor.h"

namespace fanin::harness {
namespace {

using Number = MachineLimits::Number;
using Status = Finding::Status;

constexpr std::uint64_t kMaxProcesses = 1000;  // what --processes of fanin-server takes
// Measured: 7.5 KiB for the two sockets of an idle connection (6.18), and some 250 bytes in both programs. Rounded up.
constexpr std::uint64_t kBytesPerConnection = 10 * 1024;
constexpr std::uint64_t kBytesPerProcess = 2 << 20;
// Other programs on the machine open files and start tasks.
constexpr std::uint64_t kOthersFiles = 4096;
constexpr std::uint64_t kOthersTasks = 256;
// One connection in a hundred has data queued, a page at each end; an idle one holds none of that memory.
constexpr std::uint64_t kConnectionsPerQueue = 100;
constexpr std::uint64_t kMinTcpPages = 1024;
// fanin-load takes source addresses from 127.0.0.0/8, and from each a sixteenth of its ports: with many of them in use
// connect() is slow.
constexpr std::uint64_t kMaxSources = 250 * 250;
constexpr std::uint64_t kServerBacklog = 4096;
constexpr std::uint64_t kSynBacklog = 1024;
constexpr std::uint64_t kMaxPerBucket = 4;  // a million connections took an eighth longer with 8 than with 0.5

Finding at_least(std::string name, Number current, std::uint64_t required, std::string note = "") {
  Finding finding{.name = std::move(name), .current = current, .required = required, .note = std::move(note)};
  if (current) {
    finding.status = *current >= required ? Status::kOk : Status::kTooLow;
  }
  return finding;
}

// A limit of one number in /proc/sys, with the same name.
Finding sysctl_at_least(const std::string& name, Number current, std::uint64_t required, std::string note = "") {
  Finding finding = at_least(name, current, required, std::move(note));
  if (finding.status == Status::kTooLow) {
    finding.raise = Setting{name, std::to_string(required)};
  }
  return finding;
}

// A limit that only slows connecting down.
Finding only_slow(Finding finding) {
  finding.status = finding.status == Status::kTooLow ? Status::kSlow : finding.status;
  return finding;
}

Finding info(std::string name, Number current, std::string note) {
  return {.name = std::move(name), .status = Status::kInfo, .current = current, .note = std::move(note)};
}

std::uint64_t in_use(const Number& number) { return number.value_or(0); }

Finding descriptors(const MachineLimits& limits, const Headroom& headroom) {
  Finding finding{.name = "RLIMIT_NOFILE", .current = limits.descriptors_hard};
  if (!limits.descriptors_hard) {
    return finding;
  }
  if (headroom.server_processes) {
    finding.status = Status::kOk;
    finding.note = *headroom.server_processes == 1
                       ? "hard limit: one process holds them all"
                       : fmt::format("hard limit: fanin-server needs --processes {}, fanin-load spreads by itself",
                                     *headroom.server_processes);
    return finding;
  }
  finding.status = Status::kTooLow;
  finding.required = std::max<std::uint64_t>(65536, 2 * headroom.connections / kMaxProcesses);
  finding.note = "hard limit of a process, of which fanin-server starts 1000 at most";
  finding.command = fmt::format("ulimit -Hn {}  (as root, in the shell that starts fanin)", *finding.required);
  return finding;
}

// Limits only how far RLIMIT_NOFILE can be raised.
Finding nr_open(const MachineLimits& limits, const Finding& descriptors) {
  if (descriptors.status != Status::kTooLow) {
    return info("fs.nr_open", limits.nr_open, "RLIMIT_NOFILE may be raised to this");
  }
  return sysctl_at_least("fs.nr_open", limits.nr_open, *descriptors.required, "RLIMIT_NOFILE may be raised to this");
}

Finding ports(const MachineLimits& limits, std::uint64_t connections) {
  Finding finding{.name = "net.ipv4.ip_local_port_range"};
  if (!limits.first_port || !limits.last_port) {
    return finding;
  }
  // As many as fanin-load opens from one address (loadgen/drivers/connect.cc).
  const std::uint64_t each = std::max<std::uint64_t>(1, (*limits.last_port + 1 - *limits.first_port) / 16);
  const std::uint64_t sources = (connections + each - 1) / each;
  finding = at_least(finding.name, each * kMaxSources, connections,
                     fmt::format("{} source addresses of 127.0.0.0/8, {} connections each", sources, each));
  if (finding.status == Status::kTooLow) {
    finding.raise = Setting{finding.name, "1024 65535"};
  }
  return finding;
}

// Each packet looks its connection's end up. The table is as large as it was made at boot, or with a namespace.
Finding buckets(const MachineLimits& limits, std::uint64_t connections) {
  Finding finding = only_slow(at_least("net.ipv4.tcp_ehash_entries", limits.established_buckets,
                                       2 * connections / kMaxPerBucket, "buckets that connections' ends are found in"));
  if (finding.status == Status::kSlow) {
    const std::uint64_t enough = std::bit_ceil(2 * connections);
    finding.command = fmt::format(
        "sysctl -w net.ipv4.tcp_child_ehash_entries={}, then in a new network namespace (unshare --net); or boot with "
        "thash_entries={}",
        enough, enough);
  }
  return finding;
}

Finding tcp_memory(const MachineLimits& limits, std::uint64_t connections) {
  const std::uint64_t required =
      in_use(limits.tcp_pages_in_use) + kMinTcpPages + 2 * connections / kConnectionsPerQueue;
  Finding finding = at_least("net.ipv4.tcp_mem", limits.tcp_mem_pages[2], required,
                             fmt::format("pages of queued data, {} in use", in_use(limits.tcp_pages_in_use)));
  if (finding.status == Status::kTooLow) {
    finding.raise = Setting{finding.name, fmt::format("{} {} {}", required / 2, required / 4 * 3, required)};
  }
  return finding;
}

Finding memory(const MachineLimits& limits, const Headroom& headroom) {
  const std::uint64_t required =
      headroom.connections * kBytesPerConnection + headroom.server_processes.value_or(1) * kBytesPerProcess;
  Number current = limits.memory_available_bytes;
  std::string note = "bytes available, 10 KiB for the two ends of a connection";
  if (const Number group = limits.group_memory_available_bytes; current && group && *group < *current) {
    current = group;
    note = "bytes that the control group leaves, 10 KiB for the two ends of a connection";
  }
  Finding finding = at_least("memory", current, required, note);
  if (finding.status == Status::kTooLow) {
    finding.command = "end what else takes memory, or give the machine more";
  }
  return finding;
}

Finding conntrack(const MachineLimits& limits, std::uint64_t connections) {
  const std::string name = "net.netfilter.nf_conntrack_max";
  if (!limits.has_conntrack) {
    return {.name = name, .status = Status::kOk, .note = "not loaded, so nothing is tracked"};
  }
  if (limits.conntrack_in_use == std::uint64_t{0} && in_use(limits.tcp_sockets) == 0) {
    return {.name = name,
            .status = Status::kUnknown,
            .current = limits.conntrack_max,
            .note = "loaded; whether it tracks anything shows once there are connections"};
  }
  if (limits.conntrack_in_use == std::uint64_t{0}) {
    return {.name = name,
            .status = Status::kOk,
            .current = limits.conntrack_max,
            .note = "loaded, but it tracks none of the connections there are"};
  }
  return sysctl_at_least(name, limits.conntrack_max, in_use(limits.conntrack_in_use) + connections,
                         fmt::format("entries, {} in use", in_use(limits.conntrack_in_use)));
}

void add_tasks(const MachineLimits& limits, Headroom& headroom) {
  // The server's processes and as many threads of the generator, each with a table of descriptors.
  const std::uint64_t own = 2 * headroom.server_processes.value_or(1) + 2;
  const std::uint64_t all = in_use(limits.tasks_in_use) + own + kOthersTasks;
  const std::string note = fmt::format("tasks, {} in use", in_use(limits.tasks_in_use));
  headroom.findings.push_back(sysctl_at_least("kernel.threads-max", limits.threads_max, all, note));
  headroom.findings.push_back(sysctl_at_least("kernel.pid_max", limits.pid_max, all, note));
  Finding of_user = at_least("RLIMIT_NPROC", limits.processes_hard, own, "hard limit of the user's tasks");
  if (of_user.status == Status::kTooLow) {
    of_user.command = fmt::format("ulimit -Hu {}  (as root, in the shell that starts fanin)", all);
  }
  headroom.findings.push_back(std::move(of_user));
}

void add_information(const MachineLimits& limits, Headroom& headroom) {
  headroom.findings.push_back(info("net.ipv4.tcp_rmem", std::nullopt, limits.tcp_rmem));
  headroom.findings.push_back(info("net.ipv4.tcp_wmem", std::nullopt, limits.tcp_wmem));
  headroom.findings.push_back(info("RLIMIT_MEMLOCK", limits.memlock_bytes, "bytes, for io_uring on old kernels"));
  headroom.findings.push_back(info("kernel.io_uring_disabled", limits.io_uring_disabled, "0: io_uring is allowed"));
  headroom.findings.push_back(
      info("kernel.perf_event_paranoid", limits.perf_event_paranoid, "up to 2: a user may count own events"));
}

std::string name_and_numbers(const Finding& finding) {
  return fmt::format("{} is {}, {} needed", finding.name, finding.current.value_or(0), finding.required.value_or(0));
}

}  // namespace

std::optional<std::uint64_t> count_processes(std::uint64_t connections, std::uint64_t descriptors) {
  constexpr double kDeviations = 6;
  if (connections <= descriptors && descriptors - connections >= kOtherDescriptors) {
    return 1;
  }
  for (std::uint64_t processes = 2; processes <= kMaxProcesses; ++processes) {
    const std::uint64_t others = kOtherDescriptors + processes;  // each inherits the listeners of all
    const double mean = static_cast<double>(connections) / static_cast<double>(processes);
    if (descriptors > others && mean + kDeviations * std::sqrt(mean) <= static_cast<double>(descriptors - others)) {
      return processes;
    }
  }
  return std::nullopt;
}

bool Headroom::fits() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.status == Status::kTooLow; });
}

std::string Headroom::obstacle() const {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.status == Status::kTooLow) {
      text += (text.empty() ? "" : "; ") + name_and_numbers(finding);
    }
  }
  return text;
}

Headroom judge(const MachineLimits& limits, std::uint64_t connections) {
  Headroom headroom{.connections = connections};
  headroom.server_processes = count_processes(connections, limits.descriptors_hard.value_or(MachineLimits::kUnlimited));
  auto& findings = headroom.findings;
  findings.push_back(descriptors(limits, headroom));
  findings.push_back(nr_open(limits, findings.front()));
  findings.push_back(sysctl_at_least("fs.file-max", limits.file_max,
                                     in_use(limits.files_in_use) + 2 * connections + kOthersFiles,
                                     fmt::format("files, {} in use", in_use(limits.files_in_use))));
  findings.push_back(
      sysctl_at_least("fs.epoll.max_user_watches", limits.epoll_watches, 2 * connections + kOthersTasks, "of a user"));
  findings.push_back(ports(limits, connections));
  findings.push_back(only_slow(sysctl_at_least("net.core.somaxconn", limits.somaxconn,
                                               std::min(connections, kServerBacklog), "connections not yet accepted")));
  findings.push_back(only_slow(sysctl_at_least("net.ipv4.tcp_max_syn_backlog", limits.syn_backlog,
                                               std::min(connections, kSynBacklog), "connections half open")));
  findings.push_back(buckets(limits, connections));
  findings.push_back(tcp_memory(limits, connections));
  findings.push_back(memory(limits, headroom));
  findings.push_back(conntrack(limits, connections));
  add_tasks(limits, headroom);
  add_information(limits, headroom);
  for (Finding& finding : findings) {
    if (finding.raise) {
      finding.command = fmt::format("sysctl -w {}='{}'", finding.raise->name, finding.raise->value);
    }
  }
  return headroom;
}

std::uint64_t find_max_connections(const MachineLimits& limits) {
  std::uint64_t fits = 0;
  std::uint64_t too_many = std::uint64_t{1} << 32;
  while (fits + 1 < too_many) {
    const std::uint64_t middle = fits + (too_many - fits) / 2;
    (judge(limits, middle).fits() ? fits : too_many) = middle;
  }
  return fits;
}

}  // namespace fanin::harness
