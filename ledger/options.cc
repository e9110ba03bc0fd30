#include "ledger/options.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace fanin::ledger {
namespace {

std::uint64_t parse_number(std::string_view key, std::string_view text, std::uint64_t min) {
  constexpr std::uint64_t kMax = 1'000'000'000'000;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number < min || number > kMax) {
    throw std::invalid_argument(std::string(key) + "=" + std::string(text) + ": give a number from " +
                                std::to_string(min) + " to " + std::to_string(kMax));
  }
  return number;
}

}  // namespace

Options parse_options(std::span<const std::string_view> arguments) {
  Options options;
  for (const std::string_view argument : arguments) {
    const std::string_view key = argument.substr(0, argument.find('='));
    const std::string_view value = argument.substr(std::min(argument.size(), key.size() + 1));
    if (key == "symbols") {
      options.symbols = value;
    } else if (key == "server") {
      options.server = value;
    } else if (key == "generator") {
      options.generator = value;
    } else if (key == "out") {
      options.out = value;
    } else if (key == "skip") {
      options.skip = parse_number(key, value, 0);
    } else if (key == "count") {
      options.count = parse_number(key, value, 1);
    } else {
      throw std::invalid_argument("unknown argument '" + std::string(argument) +
                                  "': there are symbols, server, generator, out, skip and count");
    }
  }
  if (options.symbols.empty() || options.server.empty() || options.generator.empty() || options.out.empty()) {
    throw std::invalid_argument("give symbols=FILE, server=FILE, generator=FILE and out=FILE");
  }
  return options;
}

}  // namespace fanin::ledger
