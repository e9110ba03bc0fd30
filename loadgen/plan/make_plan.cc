#include "loadgen/plan/make_plan.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <http_parser.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "loadgen/plan/option_table.h"
#include "loadgen/plan/plan.h"
#include "net/resolve.h"
#include "os/format.h"

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

void set_target(const LoadOptions& options, LoadPlan& plan) {
  plan.allow_busy = options.allow_busy;
  const auto resolved = options.addresses.find(options.target);
  plan.target = resolved != options.addresses.end() ? resolved->second : net::Address::parse_target(options.target);
  if (!options.allow_remote) {
    refuse_remote(plan.target);
  }
}

void set_connecting(const LoadOptions& options, LoadPlan& plan) {
  if (options.connecting) {
    const auto count = os::parse_count(*options.connecting);  // nothing: all
    plan.connecting = count ? static_cast<std::uint32_t>(*count) : plan.connections + plan.idle;
  }
}

void set_connections(const LoadOptions& options, LoadPlan& plan) {
  plan.driver = choose_driver(options.driver, std::nullopt).kind;
  const bool loops = has_event_loops(plan.driver);
  const std::int64_t connections = options.connections.value_or(loops ? 10 : 20);
  if (!loops && connections > kMaxBlockingThreads) {
    refuse(fmt::format("--connections {} is out of range: give 1 to {} with the threads driver", connections,
                       kMaxBlockingThreads));
  }
  plan.connections = static_cast<std::uint32_t>(connections);
  if (!loops && options.threads && *options.threads != plan.connections) {
    refuse("--threads is the number of event loops: the threads driver takes one thread per connection");
  }
  plan.threads = loops ? static_cast<unsigned>(options.threads.value_or(1)) : static_cast<unsigned>(plan.connections);
  if (plan.threads > plan.connections) {
    refuse(fmt::format("{} threads for {} connections: give --connections of at least --threads", plan.threads,
                       plan.connections));
  }
  plan.idle = static_cast<std::uint32_t>(options.idle);
  plan.verify_idle = options.verify_idle;
  set_connecting(options, plan);
}

void set_close(const LoadOptions& options, LoadPlan& plan) {
  constexpr std::array kKinds{CloseKind::kFin, CloseKind::kRst, CloseKind::kServer};
  plan.close =
      *std::find_if(kKinds.begin(), kKinds.end(), [&](CloseKind each) { return close_name(each) == options.close; });
  if (plan.close == CloseKind::kServer && options.requests_per_connection.value_or(0) == 0 && !plan.asks_to_close) {
    refuse("--close server needs --requests-per-connection: else nothing says when the server is to close");
  }
}

void set_timestamps(const LoadOptions& options, LoadPlan& plan) {
  plan.timestamps = options.timestamps;
  if (!plan.timestamps) {
    return;
  }
  if (options.driver != "auto" && options.driver != driver_name(DriverKind::kEpoll)) {
    refuse(fmt::format("--timestamps is for the epoll driver, not for {}: leave --driver out", options.driver));
  }
  if (plan.target.is_unix()) {
    refuse("--timestamps needs TCP, a Unix-domain socket has none: leave it out");
  }
}

std::optional<std::uint64_t> check_pace(const char* option, const std::optional<std::int64_t>& rate,
                                        const LoadPlan& plan) {
  if (rate && !has_event_loops(plan.driver)) {
    refuse(fmt::format("{} needs event loops: choose --driver epoll, or leave it to fanin-load", option));
  }
  return rate;
}

void set_trickle(const LoadOptions& options, LoadPlan& plan) {
  plan.trickle = options.trickle.value_or(Nanoseconds(0));
  if (options.trickle && plan.request_bytes < 2) {
    refuse("--trickle needs requests of at least two bytes, since it never sends the last one: give --payload-bytes");
  }
}

// How slowly connections send and read. Protocol and loop must have been set.
void set_pace(const LoadOptions& options, LoadPlan& plan) {
  plan.send_bytes_per_s = check_pace("--send-bytes-per-s", options.send_rate, plan);
  plan.read_bytes_per_s = check_pace("--read-bytes-per-s", options.read_rate, plan);
  plan.receive_buffer_bytes = options.receive_buffer;
  set_trickle(options, plan);
}

void set_assertions(const LoadOptions& options, LoadPlan& plan) {
  for (const std::string& text : options.assertions) {
    const std::vector<Condition> conditions = parse_conditions("--assert", text);
    plan.assertions.insert(plan.assertions.end(), conditions.begin(), conditions.end());
  }
}

}  // namespace

std::string_view close_name(CloseKind kind) noexcept {
  switch (kind) {
    case CloseKind::kRst:
      return "rst";
    case CloseKind::kServer:
      return "server";
    case CloseKind::kFin:
      break;
  }
  return "fin";
}

void LoadPlan::use_protocol(std::string name, ClientFactory factory) {
  const std::unique_ptr<protocols::ClientProtocol> client = factory();
  protocol_name = std::move(name);
  make_client = std::move(factory);
  request_bytes = client->request_bytes();
  has_statuses = client->has_statuses();
  asks_to_close = client->asks_to_close();
  connect_on_demand = client->one_request_per_connection();
}

Nanoseconds lateness_tolerance(const LoadPlan& plan) noexcept {
  constexpr double kSendingNs = 10'000;  // of one request of a burst, several times what it takes
  const double gap_ns = 1e9 / *plan.rate_per_s * plan.burst_size;
  const double burst_ns = plan.burst_size > 1 ? std::min(plan.burst_size * kSendingNs, gap_ns / 10) : 0;
  return std::max(Nanoseconds(std::chrono::microseconds(100)),
                  Nanoseconds(std::llround(std::max(gap_ns / 100, burst_ns))));
}

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

void refuse_remote(const net::Address& address) {
  if (!net::is_on_this_machine(address)) {
    refuse(fmt::format("{} is not on this machine: add --allow-remote if you may put load on it", address.text()));
  }
}

LoadPlan make_plan(const LoadOptions& given) {
  const LoadOptions options = without_url(given);
  check_options(options);
  LoadPlan plan;
  plan.given_counts = given_counts(options);
  set_target(options, plan);
  set_connections(options, plan);
  set_protocol(options, plan);
  if (plan.verify_idle && plan.connect_on_demand) {
    refuse(fmt::format("--verify-idle needs a protocol with several requests per connection, which {} is not",
                       plan.protocol_name));
  }
  if (plan.verify_idle && plan.asks_to_close) {
    refuse("--verify-idle needs connections that stay, which --header 'Connection: close' ends: leave one out");
  }
  set_timestamps(options, plan);
  set_loop(options, plan);
  set_times(options, plan);
  set_close(options, plan);
  set_pace(options, plan);
  plan.aborts_per_s = options.aborts_per_s;
  plan.seed = static_cast<std::uint64_t>(options.seed);
  if (options.server_pids.size() > 1) {
    refuse(fmt::format("{} --server-pid for one target: give one", options.server_pids.size()));
  }
  set_assertions(options, plan);
  if (!options.server_pids.empty()) {
    plan.server = {.roots = {static_cast<pid_t>(options.server_pids.front())}, .given = true};
  }
  return plan;
}

}  // namespace fanin::load
