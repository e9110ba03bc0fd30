#include "harness/ab/side.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

std::vector<std::string> split_at_blanks(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

Side parse_folder(const std::string& folder) {
  const std::string program = (std::filesystem::path(folder) / "fanin-server").string();
  if (::access(program.c_str(), X_OK) != 0) {
    throw std::invalid_argument(fmt::format("{}: holds no fanin-server: name a folder of built programs", folder));
  }
  return {.text = folder, .program = program};
}

}  // namespace

ServerSpec Side::apply(const ServerSpec& suites) const {
  ServerSpec applied = server.value_or(suites);
  applied.args.insert(applied.args.end(), options.begin(), options.end());
  return applied;
}

Side parse_side(const std::string& text, const Catalogue& catalogue) {
  if (std::filesystem::is_directory(text)) {
    return parse_folder(text);
  }
  if (text.ends_with(".json")) {
    const Json document = load_json(text);
    if (document.is_object() && document.value("schema", Json()) == "fanin-suite") {
      throw std::invalid_argument(fmt::format("{} is a suite: give it with --suite, or a file with one server", text));
    }
    return {.text = text, .server = parse_server(JsonReader(document, text))};
  }
  std::vector<std::string> words = split_at_blanks(text);
  if (text.find("{port}") != std::string::npos) {
    return {.text = text, .server = ServerSpec{.name = words.front(), .model = {}, .args = {}, .command = words}};
  }
  if (words.empty() || words.front().starts_with('-')) {
    return {.text = text, .options = std::move(words)};
  }
  if (catalogue.find(words.front()) == nullptr) {
    throw std::invalid_argument(fmt::format(
        "'{}' is no side of a comparison: {}", os::printable(text, kLongestName),
        os::suggest(words.front(), catalogue.names(),
                    "give a folder of built programs, a model ('epoll --read-cap 1024'), a command line with "
                    "{port}, options of fanin-server ('--read-cap 1024'), or a .json file with a server")));
  }
  return {.text = text,
          .server = ServerSpec{.name = words.front(),
                               .model = words.front(),
                               .args = std::vector<std::string>(words.begin() + 1, words.end()),
                               .command = {}}};
}

void check_sides(const Side& base, const Side& now) {
  if (base.server.has_value() != now.server.has_value()) {
    const Side& one = base.server ? base : now;
    const Side& other = base.server ? now : base;
    throw std::invalid_argument(
        fmt::format("'{}' replaces the suite's servers, and '{}' does not: give two servers, two folders, or two "
                    "lists of options",
                    os::printable(one.text, kLongestName), os::printable(other.text, kLongestName)));
  }
}

}  // namespace fanin::harness
