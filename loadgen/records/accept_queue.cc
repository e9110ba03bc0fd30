#include "loadgen/records/accept_queue.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace fanin {

std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat) {
  std::istringstream lines{std::string(netstat)};
  std::string line_of_names;
  std::string line_of_values;
  while (std::getline(lines, line_of_names) && std::getline(lines, line_of_values)) {
    std::istringstream names(line_of_names);
    std::istringstream values(line_of_values);
    std::string name;
    std::string value;
    while (names >> name && values >> value) {
      if (name == "ListenOverflows") {
        return std::stoull(value);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> listen_overflows() {
  std::ifstream file("/proc/net/netstat");
  return parse_listen_overflows(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace fanin
