#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

// Readers of the texts under /proc, apart from where they are read so that they can be tested with written ones.
namespace fanin {

// The whole of a small file (procfs says size 0, so it is read to its end). Nothing where it cannot be read; errno
// then says why.
std::optional<std::string> read_file(const std::string& path);

// The same without white space at its ends.
std::optional<std::string> read_trimmed(const std::string& path);

// The number after "Key:" in the "Key:   value kB" style of status, smaps_rollup and meminfo, without its unit.
std::optional<std::uint64_t> labelled_number(std::string_view text, std::string_view key);

// CPU time of reaped children, fields 16 and 17 of /proc/PID/stat, at the kernel's USER_HZ.
struct ReapedTime {
  Nanoseconds user{};
  Nanoseconds system{};
};
std::optional<ReapedTime> parse_reaped_time(std::string_view stat);

// The parent, field 4 of /proc/PID/stat.
std::optional<int> parse_parent(std::string_view stat);

// Process numbers separated by blanks, as in /proc/PID/task/TID/children.
std::vector<int> parse_numbers(std::string_view text);

// The two-line tables of /proc/net/netstat and /proc/net/snmp as "Group.Name" -> value.
std::map<std::string, std::int64_t> parse_netstat(std::string_view text);

}  // namespace fanin
