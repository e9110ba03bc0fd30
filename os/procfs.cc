#include "os/procfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "net/descriptor.h"

namespace fanin {
namespace {

Nanoseconds from_ticks(std::uint64_t ticks) {
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return Nanoseconds(static_cast<std::int64_t>(ticks * (1'000'000'000 / per_second)));
}

// The fields of /proc/PID/stat from the third on. The name in the second one may hold blanks and brackets of its own,
// so that they count from the last bracket.
std::istringstream fields_behind_name(std::string_view stat) {
  const std::size_t bracket = stat.rfind(')');
  return std::istringstream(std::string(bracket == std::string_view::npos ? "" : stat.substr(bracket + 1)));
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) {
      return text;
    }
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
}

std::optional<std::string> read_trimmed(const std::string& path) {
  auto text = read_file(path);
  if (text) {
    constexpr std::string_view kBlank(" \t\n\0", 4);
    text->erase(text->find_last_not_of(kBlank) + 1);
    text->erase(0, text->find_first_not_of(kBlank));
  }
  return text;
}

std::optional<std::uint64_t> labelled_number(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const std::size_t colon = at + key.size();
    const bool whole_label = (at == 0 || text[at - 1] == '\n') && colon < text.size() && text[colon] == ':';
    if (!whole_label) {
      continue;
    }
    const std::size_t digit = text.find_first_not_of(" \t", colon + 1);
    std::uint64_t number = 0;
    if (digit != std::string_view::npos &&
        std::from_chars(text.data() + digit, text.data() + text.size(), number).ec == std::errc{}) {
      return number;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<ReapedTime> parse_reaped_time(std::string_view stat) {
  std::istringstream fields = fields_behind_name(stat);
  std::string skipped;
  for (int field = 3; field < 16; ++field) {
    fields >> skipped;
  }
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!(fields >> user >> system)) {
    return std::nullopt;
  }
  return ReapedTime{from_ticks(user), from_ticks(system)};
}

std::optional<int> parse_parent(std::string_view stat) {
  std::istringstream fields = fields_behind_name(stat);
  std::string state;
  int parent = 0;
  return fields >> state >> parent ? std::optional(parent) : std::nullopt;
}

std::vector<int> parse_numbers(std::string_view text) {
  std::vector<int> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    int number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc{}) {
      numbers.push_back(number);
      at = next;
    } else {
      ++at;
    }
  }
  return numbers;
}

std::map<std::string, std::int64_t> parse_netstat(std::string_view text) {
  std::map<std::string, std::int64_t> values;
  std::istringstream lines{std::string(text)};
  std::string names_line;
  std::string values_line;
  while (std::getline(lines, names_line) && std::getline(lines, values_line)) {
    std::istringstream names(names_line);
    std::istringstream numbers(values_line);
    std::string group;
    std::string same_group;
    names >> group;
    numbers >> same_group;
    if (group != same_group || group.empty()) {
      return values;
    }
    group.back() = '.';  // "TcpExt:" becomes "TcpExt."
    std::string name;
    std::int64_t number = 0;
    while (names >> name && numbers >> number) {
      values[group + name] = number;
    }
  }
  return values;
}

}  // namespace fanin
