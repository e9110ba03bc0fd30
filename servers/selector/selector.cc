#include "servers/selector/selector.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace fanin::server {
namespace {

constexpr std::array kBestFirst{&kEpollMechanism, &kPollMechanism, &kSelectMechanism};

}  // namespace

std::unique_ptr<Selector> make_selector(std::string_view name) {
  std::string offered;
  for (const SelectorMechanism* mechanism : kBestFirst) {
    if (!mechanism->available()) {
      continue;
    }
    if (name.empty() || name == mechanism->name) {
      return mechanism->make();
    }
    offered += fmt::format("{}{}", offered.empty() ? "" : ", ", mechanism->name);
  }
  throw std::invalid_argument(
      fmt::format("--mechanism {} is not offered by this system: choose one of {}", name, offered));
}

}  // namespace fanin::server
