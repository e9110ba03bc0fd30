#include "loadgen/plan/options_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/plan/option_checks.h"

namespace fanin {
namespace {

constexpr std::string_view kHttpScheme = "http://";
constexpr std::string_view kHttps = "https://";

bool is_given(const LoadOptions& options, std::string_view name) {
  return std::any_of(options.protocol_options.begin(), options.protocol_options.end(),
                     [name](const GivenOption& option) { return option.first == name; });
}

bool has_port(std::string_view authority) {
  const auto bracket = authority.rfind(']');  // of an IPv6 address, whose colons are no port's
  return authority.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
}

}  // namespace

LoadOptions without_url(LoadOptions options) {
  if (options.target.starts_with(kHttps)) {
    refuse(fmt::format("'{}' asks for TLS, which fanin-load does not speak: give an http:// target", options.target));
  }
  if (!options.target.starts_with(kHttpScheme)) {
    return options;
  }
  if (options.protocol.value_or("http") != "http") {
    refuse(fmt::format("'{}' and --protocol {} contradict each other: give HOST:PORT as the target", options.target,
                       *options.protocol));
  }
  if (is_given(options, "path")) {
    refuse(fmt::format("'{}' and --path contradict each other: give one", options.target));
  }
  std::string rest = options.target.substr(kHttpScheme.size());
  rest.erase(std::min(rest.find('#'), rest.size()));  // a fragment is not for the server
  const std::string authority = rest.substr(0, rest.find_first_of("/?"));
  const std::string path = rest.substr(authority.size());
  options.protocol = "http";
  options.target = has_port(authority) ? authority : authority + ":80";
  options.protocol_options.emplace_back("path", path.starts_with('/') ? path : "/" + path);
  if (!is_given(options, "host")) {
    options.protocol_options.emplace_back("host", authority);
  }
  return options;
}

}  // namespace fanin
