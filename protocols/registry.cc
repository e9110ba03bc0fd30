#include "protocols/registry.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace fanin {

std::span<const Protocol> protocols() {
  static const std::vector<Protocol> table{kEcho, kUpper, kSink, kGreet, kGoodbye, kRaw};
  return table;
}

const Protocol& find_protocol(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : protocols()) {
    if (protocol.name == name) {
      return protocol;
    }
    names.push_back(protocol.name);
  }
  throw std::invalid_argument(fmt::format("unknown protocol '{}': choose one of {}", name, fmt::join(names, ", ")));
}

}  // namespace fanin
