#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fanin::conformance {

// An anti-pattern has a known fault. Why `model` is exempt from the case `name` of a protocol, or nothing.
std::optional<std::string> exempt(std::string_view model, std::string_view protocol, std::string_view name);

}  // namespace fanin::conformance
