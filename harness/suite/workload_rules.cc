// What the keys of a workload ask of one another, as the programs that take their options do. plots/suite_rules.py has
// the same rules.
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/suite/workload.h"
#include "harness/suite/workload_keys.h"
#include "net/clock.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

bool is_given(const Json& values, const std::string& key) {
  const auto found = values.find(key);
  return found != values.end() && *found != false && *found != 0;
}

std::string list_keys(const std::vector<std::string>& keys) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : i + 1 < keys.size() ? ", " : " or ", keys[i]);
  }
  return text;
}

// How many of its headers have this name, which ends with a colon, in either case.
std::ptrdiff_t count_fields(const Json& object, const std::string& name) {
  const auto headers = object.value("headers", std::vector<std::string>());
  return std::count_if(headers.begin(), headers.end(), [&name](const std::string& header) {
    return ::strncasecmp(header.c_str(), name.c_str(), name.size()) == 0;
  });
}

bool has_one_request_per_connection(const Json& values) {
  return protocol_traits(values.at("protocol")).one_request_per_connection;
}

// What the option table says of keys together.
void check_table(const Json& values, const JsonReader& place) {
  const std::string protocol = values.at("protocol");
  const auto is_another = [&values](const std::string& key) { return is_given(values, key); };
  for (const WorkloadKey& key : workload_keys()) {
    if (!is_given(values, key.name)) {
      continue;
    }
    const auto& protocols = key.protocols;
    if (!protocols.empty() && std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
      place.fail(fmt::format("'{}' belongs to protocol {}, and the protocol is {}", key.name,
                             fmt::join(protocols, ", "), os::printable(protocol, kLongestName)));
    }
    const auto other = std::find_if(key.excludes.begin(), key.excludes.end(), is_another);
    if (other != key.excludes.end()) {
      place.fail(fmt::format("takes '{}' or '{}', not both", key.name, *other));
    }
    if (!key.needs.empty() && std::none_of(key.needs.begin(), key.needs.end(), is_another)) {
      place.fail(fmt::format("'{0}' needs {1}: give {1}, or leave '{0}' out", key.name, list_keys(key.needs)));
    }
  }
}

// The Host may be named once (RFC 9112, 3.2).
void check_hosts(const Json& values, const JsonReader& place) {
  if (count_fields(values, "host:") + (values.contains("host") ? 1 : 0) > 1) {
    place.fail("names the Host more than once: give 'host' or one Host among the 'headers'");
  }
}

// Ranges of "expect_status" ascend, as their schema cannot say.
void check_statuses(const Json& values, const JsonReader& place) {
  constexpr std::size_t kDigits = 3;
  const std::string statuses = values.value("expect_status", "");
  for (auto dash = statuses.find('-'); dash != std::string::npos; dash = statuses.find('-', dash + 1)) {
    const std::string low = statuses.substr(dash < kDigits ? 0 : dash - kDigits, kDigits);
    const std::string high = statuses.substr(dash + 1, kDigits);
    if (low > high) {
      place.fail(
          fmt::format("'expect_status' has the range {}-{}, which ends before it begins: turn it round", low, high));
    }
  }
}

// What says how one request looks: of the workload, or of a class of its mix together with the workload.
void check_request(const Json& values, const JsonReader& place) {
  const auto has = [&values](const char* name) { return values.contains(name); };
  check_table(values, place);
  check_statuses(values, place);
  const int ends = int{has("reply_delimiter")} + int{has("reply_bytes")} + int{has("reply_pattern")};
  if (values.at("protocol") == "raw" && (!has("request") || ends != 1)) {
    place.fail("protocol raw needs 'request', and one of 'reply_delimiter', 'reply_bytes' and 'reply_pattern'");
  }
  const std::int64_t stamped = workload_limits().stamped_bytes;
  if (values.at("protocol") == "chat" && values.value("payload_bytes", stamped) < stamped) {
    place.fail(fmt::format("protocol chat needs 'payload_bytes' of at least {}, for the stamp of its lines", stamped));
  }
  check_hosts(values, place);
  const int setup_ends =
      int{has("setup_reply_delimiter")} + int{has("setup_reply_bytes")} + int{has("setup_reply_pattern")};
  if (has("setup_request") ? setup_ends != 1 : setup_ends != 0 || has("setup_expect")) {
    place.fail(
        "a set-up needs 'setup_request', and one of 'setup_reply_delimiter', 'setup_reply_bytes' and "
        "'setup_reply_pattern'");
  }
}

// The class's own keys rule over those of the workload; its headers come to them, and its Host rules over 'host'.
Json of_class(Json merged, const Json& own) {
  const Json of_all = merged.value("headers", Json::array());
  if (count_fields(own, "host:") > 0) {
    merged.erase("host");
  }
  merged.update(own);
  if (own.contains("headers")) {
    merged["headers"].insert(merged["headers"].begin(), of_all.begin(), of_all.end());
  }
  return merged;
}

// Each class is asked about with what it takes from the workload.
void check_classes(const Json& values, const JsonReader& place) {
  if (const std::string protocol = values.at("protocol"); !protocol_traits(protocol).mixes) {
    place.fail(
        fmt::format("a 'mix' needs replies of the client's own and several requests per connection, which "
                    "protocol {} does not have",
                    protocol));
  }
  for (const JsonReader& each : place.at("mix").items()) {
    if (each.value().contains("reply_bytes") && values.at("protocol") != "raw") {
      each.fail("'reply_bytes' is one for the whole server: it belongs into the workload");
    }
    check_request(of_class(values, each.value()), each);
  }
}

// Whether a header may ask the server to close the connection; what it asks for is left to fanin-load.
bool has_connection_header(const Json& object) {
  const auto mix = object.value("mix", Json::array());
  return count_fields(object, "connection:") > 0 || std::any_of(mix.begin(), mix.end(), has_connection_header);
}

void check_driver(const Json& values, const JsonReader& place) {
  const std::string driver = values.value("driver", "auto");
  const bool paced = values.contains("send_bytes_per_s") || values.contains("read_bytes_per_s");
  const std::int64_t connections = values.value("connections", driver == "threads" ? 20 : 10);
  const std::int64_t threads = values.value("threads", driver == "threads" ? connections : 1);
  if (driver == "threads" && (threads != connections || connections > workload_limits().blocking_threads)) {
    place.fail(
        fmt::format("the driver \"threads\" takes a thread for each of at most {} connections: leave 'threads' out",
                    workload_limits().blocking_threads));
  }
  if (threads > connections) {
    place.fail(
        fmt::format("{} 'threads' for {} 'connections': give as many connections, or more", threads, connections));
  }
  if (driver == "threads" && (paced || values.value("pipeline", 1) > 1)) {
    place.fail("'pipeline', 'send_bytes_per_s' and 'read_bytes_per_s' need event loops: give another 'driver'");
  }
  if (values.value("timestamps", false) && (driver == "threads" || driver == "io-uring")) {
    place.fail("'timestamps' need the driver \"epoll\"");
  }
  if (connections * values.value("pipeline", std::int64_t{1}) > workload_limits().in_flight) {
    place.fail(
        fmt::format("'connections' times 'pipeline' is above {}: give less of one", workload_limits().in_flight));
  }
}

void check_connections(const Json& values, const JsonReader& place) {
  if (has_one_request_per_connection(values) &&
      (values.value("verify_idle", false) || values.value("pipeline", 1) > 1 ||
       values.value("requests_per_connection", 0) > 1)) {
    place.fail(
        fmt::format("'verify_idle', 'pipeline' and 'requests_per_connection' need several requests per connection, "
                    "which protocol {} does not have",
                    values.at("protocol").get<std::string>()));
  }
  if (values.value("close", "") == "server" && values.value("requests_per_connection", 0) == 0 &&
      !has_connection_header(values)) {
    place.fail("the close \"server\" needs 'requests_per_connection': else nothing says when the server is to close");
  }
}

void check_schedule(const Json& values, const JsonReader& place) {
  const auto has = [&values](const char* name) { return values.contains(name); };
  const std::string arrival = values.value("arrival", "");
  if ((arrival == "bursts") != has("burst_size")) {
    place.fail("the arrival \"bursts\" and 'burst_size' go together: give both or neither");
  }
  if ((arrival == "trace") != has("trace")) {
    place.fail("the arrival \"trace\" and 'trace', the file of times, go together: give both or neither");
  }
  if (has("arrival") && !has("rate") && !has("ramp") && !has("trace")) {
    place.fail("'arrival' needs 'rate' or 'ramp': without them the loop is closed and has no schedule");
  }
  const bool is_open = has("rate") || has("ramp") || has("trace");
  if (is_open && net::parse_duration(values.value("think_time", "0s")) > net::Nanoseconds::zero()) {
    place.fail("'think_time' needs a closed loop: with a rate the schedule says when requests are sent");
  }
  if (has("ramp") && (arrival == "bursts" || arrival == "trace")) {
    place.fail("a 'ramp' needs the arrival \"poisson\" or \"uniform\": others have one rate");
  }
}

}  // namespace

void Workload::check_together(const JsonReader& place) const {
  const Json& values = values_;
  if (values.contains("mix")) {
    check_classes(values, place);
  } else {
    check_request(values, place);
  }
  check_driver(values, place);
  check_connections(values, place);
  check_schedule(values, place);
  const auto classes = static_cast<std::int64_t>(values.value("mix", Json::array()).size());
  if (values.value("mix_by_connection", false) && connections() < classes) {
    place.fail(fmt::format("'mix_by_connection' needs a connection for each of the {} classes", classes));
  }
}

}  // namespace fanin::harness
