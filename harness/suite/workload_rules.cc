#include "harness/suite/workload_rules.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <string>
#include <vector>

#include "net/duration.h"
#include "os/printable.h"

namespace fanin::harness {
namespace {

// As fanin-load has them.
constexpr std::int64_t kMostBlockingThreads = 20'000;
constexpr std::int64_t kMostInFlight = 100'000'000;
constexpr std::int64_t kStampedBytes = 17;

// The words among `names` that are keys of `values`.
template <typename Names>
std::string given_of(const Json& values, const Names& names) {
  std::string given;
  for (const char* name : names) {
    if (values.contains(name)) {
      given += fmt::format("{}'{}'", given.empty() ? "" : ", ", name);
    }
  }
  return given;
}

// How many of its headers have this name, which ends with a colon, in either case.
std::ptrdiff_t count_fields(const Json& object, const std::string& name) {
  const auto headers = object.value("headers", std::vector<std::string>());
  return std::count_if(headers.begin(), headers.end(), [&name](const std::string& header) {
    return ::strncasecmp(header.c_str(), name.c_str(), name.size()) == 0;
  });
}

bool has_one_request_per_connection(const Json& values) {
  return values.at("protocol") == "greet" || values.at("protocol") == "discard";
}

// Keys that some protocols take, as protocols/ has it; their programs refuse them with any other.
struct OwnKeys {
  std::vector<std::string> protocols;
  std::vector<const char*> keys;
};

const std::vector<OwnKeys>& own_keys() {
  static const std::vector<OwnKeys> kOwn{
      {{"http"},
       {"path", "host", "method", "headers", "body", "body_file", "expect_status", "expect_body", "expect_body_pattern",
        "root"}},
      {{"raw"},
       {"request", "reply_delimiter", "reply_pattern", "reply_limit_bytes", "expect", "greeting_delimiter",
        "greeting_pattern", "setup_request", "setup_reply_delimiter", "setup_reply_bytes", "setup_reply_pattern",
        "setup_expect"}},
      {{"upper"}, {"suffix"}},
      {{"goodbye"}, {"reply"}},
      {{"bulk", "raw"}, {"reply_bytes"}},
      {{"work"}, {"work", "work_share"}},
      {{"echo", "upper", "discard", "goodbye", "work", "bulk"}, {"payload"}},
      {{"echo", "upper", "discard", "goodbye", "work", "bulk", "chat"}, {"payload_bytes"}}};
  return kOwn;
}

void check_protocol_keys(const Json& values, const JsonReader& place) {
  const std::string protocol = values.at("protocol");
  for (const auto& [protocols, keys] : own_keys()) {
    const std::string given = given_of(values, keys);
    if (!given.empty() && std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
      place.fail(fmt::format("{} belongs to protocol {}, and the protocol is {}", given, fmt::join(protocols, ", "),
                             printable(protocol, kLongestName)));
    }
  }
}

// The Host may be named once (RFC 9112, 3.2).
void check_hosts(const Json& values, const JsonReader& place) {
  if (count_fields(values, "host:") + (values.contains("host") ? 1 : 0) > 1) {
    place.fail("names the Host more than once: give 'host' or one Host among the 'headers'");
  }
}

// What says how one request looks: of the workload, or of a class of its mix together with the workload.
void check_request(const Json& values, const JsonReader& place) {
  const auto has = [&values](const char* name) { return values.contains(name); };
  check_protocol_keys(values, place);
  if (has("payload") && has("payload_bytes")) {
    place.fail("takes 'payload' or 'payload_bytes', not both");
  }
  if (has("body") && has("body_file")) {
    place.fail("takes 'body' or 'body_file', not both");
  }
  const int ends = int{has("reply_delimiter")} + int{has("reply_bytes")} + int{has("reply_pattern")};
  if (values.at("protocol") == "raw" && (!has("request") || ends != 1)) {
    place.fail("protocol raw needs 'request', and one of 'reply_delimiter', 'reply_bytes' and 'reply_pattern'");
  }
  if (values.at("protocol") == "chat" && values.value("payload_bytes", kStampedBytes) < kStampedBytes) {
    place.fail(
        fmt::format("protocol chat needs 'payload_bytes' of at least {}, for the stamp of its lines", kStampedBytes));
  }
  check_hosts(values, place);
  if (has("reply_limit_bytes") && !has("reply_pattern") && !has("greeting_pattern") && !has("setup_reply_pattern")) {
    place.fail("'reply_limit_bytes' bounds replies that end by a pattern: give one, or leave it out");
  }
  if (has("greeting_delimiter") && has("greeting_pattern")) {
    place.fail("takes 'greeting_delimiter' or 'greeting_pattern', not both");
  }
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
  if (const std::string protocol = values.at("protocol");
      protocol == "chat" || has_one_request_per_connection(values)) {
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
  if (driver == "threads" && (threads != connections || connections > kMostBlockingThreads)) {
    place.fail(
        fmt::format("the driver \"threads\" takes a thread for each of at most {} connections: leave 'threads' out",
                    kMostBlockingThreads));
  }
  if (threads > connections) {
    place.fail(
        fmt::format("{} 'threads' for {} 'connections': give as many connections, or more", threads, connections));
  }
  if (driver == "threads" && (paced || values.value("pipeline", 1) > 1)) {
    place.fail("'pipeline', 'send_bytes_per_s' and 'read_bytes_per_s' need event loops: give another 'driver'");
  }
  if (values.value("timestamps", false) && (paced || driver == "threads" || driver == "io-uring")) {
    place.fail("'timestamps' need the driver \"epoll\", and neither 'send_bytes_per_s' nor 'read_bytes_per_s'");
  }
  if (connections * values.value("pipeline", std::int64_t{1}) > kMostInFlight) {
    place.fail(fmt::format("'connections' times 'pipeline' is above {}: give less of one", kMostInFlight));
  }
}

void check_connections(const Json& values, const JsonReader& place) {
  const bool has_idle = values.value("idle_connections", 0) > 0;
  if (values.value("verify_idle", false) && !has_idle) {
    place.fail("'verify_idle' needs 'idle_connections' above 0, each of which it serves once");
  }
  if (values.contains("trickle") && (!has_idle || values.contains("requests"))) {
    place.fail("'trickle' needs 'idle_connections' above 0, which send its bytes, and no 'requests': give a duration");
  }
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
  if (is_open && parse_duration(values.value("think_time", "0s")) > Nanoseconds::zero()) {
    place.fail("'think_time' needs a closed loop: with a rate the schedule says when requests are sent");
  }
  if (!has("ramp")) {
    return;
  }
  if (has("rate")) {
    place.fail("takes 'rate' or 'ramp', not both");
  }
  if (has("requests")) {
    place.fail("a 'ramp' takes the length of the window, which 'requests' does not say: leave one out");
  }
  if (arrival == "bursts" || arrival == "trace") {
    place.fail("a 'ramp' needs the arrival \"poisson\" or \"uniform\": others have one rate");
  }
}

}  // namespace

void check_workload_rules(const Json& values, const JsonReader& place) {
  if (values.contains("mix")) {
    check_classes(values, place);
  } else {
    check_request(values, place);
  }
  check_driver(values, place);
  check_connections(values, place);
  check_schedule(values, place);
}

}  // namespace fanin::harness
