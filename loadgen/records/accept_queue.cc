#include "loadgen/records/accept_queue.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace fanin::load {

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

AcceptQueueCounts accept_queue_counts(const Address& target) {
  std::ifstream file("/proc/net/netstat");
  return {listening_sockets(target), parse_listen_overflows(std::string(std::istreambuf_iterator<char>(file), {}))};
}

std::optional<std::uint64_t> waiting_for_accept(const Address& target) {
  const auto listeners = listening_sockets(target);
  if (!listeners) {
    return std::nullopt;
  }
  std::uint64_t waiting = 0;
  for (const ListeningSocket& listener : *listeners) {
    waiting += listener.queued;
  }
  return waiting;
}

std::optional<std::uint64_t> overflows_between(const AcceptQueueCounts& before, const AcceptQueueCounts& after) {
  if (!before.listeners || !after.listeners || after.listeners->empty()) {
    return std::nullopt;
  }
  std::uint64_t drops = 0;
  for (const ListeningSocket& listener : *after.listeners) {
    const auto same = std::find_if(before.listeners->begin(), before.listeners->end(),
                                   [&](const ListeningSocket& each) { return each.inode == listener.inode; });
    // The kernel's counter of drops has 32 bits.
    drops +=
        same == before.listeners->end() ? listener.drops : static_cast<std::uint32_t>(listener.drops - same->drops);
  }
  return before.overflows && after.overflows ? std::min(drops, *after.overflows - *before.overflows) : drops;
}

}  // namespace fanin::load
