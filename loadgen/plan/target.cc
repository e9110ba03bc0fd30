#include <arpa/inet.h>
#include <fmt/format.h>
#include <http_parser.h>

#include <algorithm>
#include <limits>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/plan/protocol_options.h"
#include "net/resolve.h"

namespace fanin::load {
namespace {

bool is_given(const LoadOptions& options, std::string_view name) {
  return std::any_of(options.protocol_options.begin(), options.protocol_options.end(),
                     [name](const GivenOption& option) { return option.first == name; });
}

// A URL in its parts, as http_parser finds them.
class Url {
 public:
  // Throws std::invalid_argument. Does not repeat the text: it may hold a password.
  explicit Url(const std::string& text) : text_(text) {
    constexpr std::size_t kMaxUrlBytes = std::numeric_limits<std::uint16_t>::max();  // of what http_parser counts with
    refuse_scheme();
    refuse_address_without_brackets();
    ::http_parser_url_init(&parts_);
    if (text.size() > kMaxUrlBytes || ::http_parser_parse_url(text.data(), text.size(), 0, &parts_) != 0) {
      refuse("the target is no URL: write http://HOST:PORT/PATH, with %20 for a blank");
    }
    if (has(UF_USERINFO)) {
      refuse("the URL holds a user's name: leave it out and give --header 'Authorization: ...'");
    }
  }

  // As the Host field has it: the port only where it was given.
  std::string authority() const {
    const std::string name(part(UF_HOST));
    const std::string host = name.find(':') == std::string::npos ? name : "[" + name + "]";
    return has(UF_PORT) ? fmt::format("{}:{}", host, part(UF_PORT)) : host;
  }
  std::string host_and_port() const { return has(UF_PORT) ? authority() : authority() + ":80"; }
  // A fragment is not for the server.
  std::string path() const {
    const std::string path = has(UF_PATH) ? std::string(part(UF_PATH)) : "/";
    return has(UF_QUERY) ? fmt::format("{}?{}", path, part(UF_QUERY)) : path;
  }

 private:
  bool has(http_parser_url_fields field) const { return (parts_.field_set & (1U << field)) != 0; }
  std::string_view part(http_parser_url_fields field) const {
    return std::string_view(text_).substr(parts_.field_data[field].off, parts_.field_data[field].len);
  }

  void refuse_scheme() const {
    std::string scheme = text_.substr(0, text_.find(':'));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? c | 32 : c; });
    if (scheme == "https") {
      refuse("the target asks for TLS, which fanin-load does not speak: give an http:// target");
    }
    if (scheme != "http") {
      refuse(fmt::format("the target's scheme '{}' is unknown: give http://HOST:PORT/PATH, HOST:PORT or unix:/PATH",
                         scheme));
    }
  }

  void refuse_address_without_brackets() const {
    const std::size_t begin = text_.find("//") + 2;
    const std::string authority = text_.substr(begin, text_.find_first_of("/?#", begin) - begin);
    const std::size_t colon = std::min(authority.rfind(':'), authority.size());
    // What could be either, as ::1:80, is taken for an address and a port.
    for (const std::size_t length : {colon, authority.size()}) {
      const std::string host = authority.substr(0, length);
      if (in6_addr unused{}; ::inet_pton(AF_INET6, host.c_str(), &unused) == 1) {
        refuse(fmt::format("an IPv6 address needs brackets in a URL: write http://[{}]{}/", host,
                           authority.substr(length)));
      }
    }
  }

  const std::string& text_;
  http_parser_url parts_{};
};

}  // namespace

LoadOptions without_url(LoadOptions options) {
  if (options.target.find("://") == std::string::npos || options.target.starts_with("unix:")) {
    return options;
  }
  const std::string text = options.target;
  const Url url(text);
  if (options.protocol.value_or("http") != "http") {
    refuse(fmt::format("'{}' and --protocol {} contradict each other: give HOST:PORT as the target", text,
                       *options.protocol));
  }
  if (is_given(options, "path")) {
    refuse(fmt::format("'{}' and --path contradict each other: give one", text));
  }
  options.protocol = "http";
  options.target = url.host_and_port();
  options.protocol_options.emplace_back("path", url.path());
  const auto& given = options.protocol_options;
  if (!is_given(options, "host") && std::none_of(given.begin(), given.end(), is_host_header)) {
    options.protocol_options.emplace_back("host", url.authority());
  }
  return options;
}

void refuse_remote(const Address& address) {
  if (!is_on_this_machine(address)) {
    refuse(fmt::format("{} is not on this machine: add --allow-remote if you may put load on it", address.text()));
  }
}

}  // namespace fanin::load
