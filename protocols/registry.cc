#include "protocols/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "protocols/server_options.h"

namespace fanin::protocols {

// The row at the end of each protocol's file.
extern const Protocol kBulk, kChat, kDiscard, kEcho, kGoodbye, kGreet, kHttp, kRaw, kUpper, kWork;

std::span<const Protocol> registry() {
  static const std::vector<Protocol> table{kEcho, kUpper, kDiscard, kGreet, kGoodbye, kWork, kBulk, kHttp, kChat, kRaw};
  return table;
}

const Protocol& find_protocol(std::string_view name, Half half) {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : registry()) {
    if (protocol.name == name) {
      return protocol;
    }
    if (half == Half::kEither || protocol.make_sessions != nullptr) {
      names.push_back(protocol.name);
    }
  }
  throw std::invalid_argument(fmt::format("unknown protocol '{}': choose one of {}", name, fmt::join(names, ", ")));
}

namespace {

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

}  // namespace

std::string list_names(std::span<const ServerOption> options) {
  std::string names;
  for (const ServerOption& option : options) {
    names.append(names.empty() ? "" : " ").append(option.name);
  }
  return names;
}

bool is_taken(std::string_view taken, std::string_view option) {
  const std::vector<std::string> names = words(taken);
  return std::find(names.begin(), names.end(), option) != names.end();
}

void refuse_other_options(std::string_view owner, std::string_view taken, std::span<const std::string> given) {
  for (const std::string& name : given) {
    if (!is_taken(taken, name)) {
      const std::vector<std::string> names = words(taken);
      throw std::invalid_argument(fmt::format(
          "{} does not take --{}: {}", owner, name,
          names.empty() ? "it has no options of its own" : fmt::format("it takes --{}", fmt::join(names, ", --"))));
    }
  }
}

}  // namespace fanin::protocols
