#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string_view>

#include "loadgen/reports/report.h"
#include "net/clock.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMinEchoed = 8;                                     // bytes: fewer may be the same by chance
constexpr std::size_t kLongestEscaped = 4 * protocols::Mismatch::kShown;  // \xNN each

bool begins_with_any(std::string_view bytes, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](auto each) { return bytes.starts_with(each); });
}

// RFC 8446, 5.1: an alert or a handshake, and the version of its record.
bool is_tls(std::string_view bytes) {
  return bytes.size() >= 3 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 3 && bytes[2] <= 4;
}

// RFC 9113, 3.4: a server begins with SETTINGS, on stream 0.
bool is_http2(std::string_view bytes) {
  constexpr std::string_view kSettings("\x04\x00\x00\x00\x00\x00", 6);
  return bytes.size() >= 9 && bytes.substr(3, kSettings.size()) == kSettings;
}

std::string http_target(const LoadPlan& plan) {
  return plan.target.is_unix() ? "--protocol http" : fmt::format("the target as http://{}", plan.target.text());
}

// The protocol that the server seems to speak, and the option for it; empty: unknown.
std::string recognise(const LoadPlan& plan, std::string_view bytes) {
  const bool raw = plan.protocol_name == "raw";
  if (is_tls(bytes)) {
    return "this looks like TLS, which is not supported: give a port without TLS";
  }
  if (is_http2(bytes)) {
    return "this looks like HTTP/2, which is not supported: give a port that speaks HTTP/1.1";
  }
  if (bytes.starts_with("HTTP/") && plan.protocol_name != "http") {
    return fmt::format("this looks like HTTP: give {}", http_target(plan));
  }
  if (bytes.starts_with("SSH-")) {
    return "this looks like SSH, where the server speaks first: --protocol raw --greeting-delimiter '\\n' waits for it";
  }
  if (begins_with_any(bytes, {"220 ", "220-"})) {
    return "this looks like SMTP or FTP, where the server speaks first: --protocol raw --greeting-delimiter '\\r\\n' "
           "--request 'NOOP\\r\\n' --reply-delimiter '\\r\\n'";
  }
  if (!raw && begins_with_any(bytes, {"ERROR\r\n", "CLIENT_ERROR "})) {
    return "this looks like memcached: --protocol raw --request 'version\\r\\n' --reply-delimiter '\\r\\n'";
  }
  if (!raw && begins_with_any(bytes, {"-ERR ", "-NOAUTH ", "-DENIED ", "-LOADING ", "+PONG\r\n"})) {
    return "this looks like Redis: --protocol raw --request 'PING\\r\\n' --reply-delimiter '\\r\\n'";
  }
  return "";
}

// Whether the reply is the request itself, but for hex digits: a stamp numbers the requests.
bool is_request(const LoadPlan& plan, std::string_view reply) {
  protocols::ClientState state;
  std::string request;
  plan.make_client()->append_request(state, request);
  const std::size_t length = std::min(reply.size(), request.size());
  for (std::size_t i = 0; i < length; ++i) {
    const auto is_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (reply[i] != request[i] && !(is_digit(reply[i]) && is_digit(request[i]))) {
      return false;
    }
  }
  return length >= std::min(request.size(), kMinEchoed);
}

std::string hint(const LoadPlan& plan, const protocols::Mismatch& mismatch) {
  const std::string known = recognise(plan, mismatch.received);
  if (known.empty() && plan.protocol_name != "echo" && is_request(plan, mismatch.received)) {
    return "the reply is the request itself: this looks like an echo server (--protocol echo)";
  }
  if (known.empty() && mismatch.fault == protocols::Fault::kSpokeFirst) {
    return "the server speaks first: --protocol raw with --greeting-delimiter or --greeting-pattern waits for that";
  }
  return known;
}

std::string reason(const protocols::Mismatch& mismatch) {
  std::string text(protocols::fault_text(mismatch.fault));
  return mismatch.offset ? text + fmt::format(" at offset {}", *mismatch.offset) : text;
}

std::string why_silent(const LoadPlan& plan, const LoadResult& result, std::uint64_t sent) {
  const std::string came = result.bytes_received > 0
                               ? fmt::format("{} came, but no whole reply,", os::plural(result.bytes_received, "byte"))
                               : "no reply came";
  const std::string text = fmt::format("{} bytes were sent on {} and {}{}", os::format_count(sent * plan.request_bytes),
                                       os::plural(result.connections.established, "connection"), came,
                                       result.interrupted ? "" : " within " + net::format_duration(plan.timeout));
  if (plan.protocol_name != "raw") {
    return text + fmt::format(
                      "; the server may speak another protocol than {}, or wait for the end of a line: see "
                      "--protocol raw",
                      plan.protocol_name);
  }
  return text + (result.bytes_received > 0 ? "; does --reply-delimiter fit?" : "; is --request complete?");
}

std::string escaped(std::string_view bytes) { return os::printable(bytes, kLongestEscaped); }

}  // namespace

std::string mismatch_lines(const LoadPlan& plan, const LoadResult& result) {
  if (!result.first_mismatch) {
    return "";
  }
  const protocols::Mismatch& mismatch = result.first_mismatch->mismatch;
  std::string text = fmt::format("  mismatch      the first: {}\n", reason(mismatch));
  if (!mismatch.expected.empty()) {
    text += fmt::format("    expected    \"{}\"\n", escaped(mismatch.expected));
  }
  if (!mismatch.received.empty()) {
    text += fmt::format("    received    \"{}\"\n", escaped(mismatch.received));
  }
  const std::string looks = hint(plan, mismatch);
  return text + (looks.empty() ? "" : fmt::format("    hint        {}\n", looks));
}

nlohmann::ordered_json mismatch_json(const LoadPlan& plan, const LoadResult& result) {
  if (!result.first_mismatch) {
    return nullptr;
  }
  const protocols::Mismatch& mismatch = result.first_mismatch->mismatch;
  const std::string looks = hint(plan, mismatch);
  return {{"reason", reason(mismatch)},
          {"offset", mismatch.offset ? Json(*mismatch.offset) : Json()},
          {"expected", mismatch.expected.empty() ? Json() : Json(escaped(mismatch.expected))},
          {"received", mismatch.received.empty() ? Json() : Json(escaped(mismatch.received))},
          {"hint", looks.empty() ? Json() : Json(looks)}};
}

// Looks at the whole run: a closed loop may send requests in the warm-up only.
std::string why_no_reply(const LoadPlan& plan, const LoadResult& result) {
  ErrorCounts errors = result.request_errors;
  errors.merge(result.outside_errors);
  const std::uint64_t sent = errors.total() - errors[ErrorKind::kNotSent];
  if (sent == 0 || result.first_mismatch || result.any_completed()) {
    return "";
  }
  if (errors[ErrorKind::kTimeout] + errors[ErrorKind::kOpenAtEnd] == sent) {
    return why_silent(plan, result, sent);
  }
  if (errors[ErrorKind::kHttpStatus] == sent) {
    return "no reply had a status of --expect-status";
  }
  const std::uint64_t open = errors[ErrorKind::kOpenAtEnd];
  for (const ErrorKind kind : {ErrorKind::kReset, ErrorKind::kClosedEarly}) {
    if (errors[kind] > 0 && errors[kind] + open == sent) {
      return fmt::format(
          "the server {} every connection without a reply; it may speak another protocol than {}, such as TLS, "
          "which is not supported",
          kind == ErrorKind::kReset ? "reset" : "closed", plan.protocol_name);
    }
  }
  return "";
}

}  // namespace fanin::load
