#include "protocols/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace fanin {

std::span<const Protocol> protocols() {
  static const std::vector<Protocol> table{kEcho,         kUpper, kSink, kGreet, kGoodbye,
                                           kWorkProtocol, kLarge, kHttp, kChat,  kRaw};
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

void refuse_other_options(std::string_view owner, std::string_view taken, std::span<const std::string> given) {
  std::istringstream stream{std::string(taken)};
  const std::vector<std::string> names{std::istream_iterator<std::string>(stream), {}};
  for (const std::string& name : given) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw std::invalid_argument(fmt::format(
          "{} does not take --{}: {}", owner, name,
          names.empty() ? "it has no options of its own" : fmt::format("it takes --{}", fmt::join(names, ", --"))));
    }
  }
}

}  // namespace fanin
