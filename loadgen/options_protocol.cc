// The protocol's part of the command line.
#include "loadgen/options_protocol.h"

#include <fmt/format.h>

#include "loadgen/escapes.h"
#include "loadgen/option_checks.h"
#include "protocols/registry.h"

namespace fanin {
namespace {

// Protocol options on the command line, by name.
std::vector<std::string> given_options(const LoadOptions& options) {
  std::vector<std::string> given;
  const auto add = [&given](const char* name, bool there) {
    if (there) {
      given.emplace_back(name);
    }
  };
  add("payload-size", options.payload_bytes.has_value());
  add("payload", options.payload.has_value());
  add("suffix", options.suffix.has_value());
  add("reply", options.reply.has_value());
  add("reply-size", options.reply_bytes.has_value());
  add("path", options.path.has_value());
  add("host", options.host.has_value());
  add("request", options.request.has_value());
  add("reply-delimiter", options.reply_delimiter.has_value());
  add("expect", options.expect.has_value());
  return given;
}

void note_texts(const LoadOptions& options, LoadPlan& plan) {
  const auto note = [&plan](const char* key, const std::optional<std::string>& text) {
    if (text) {
      plan.protocol_texts.emplace_back(key, *text);
    }
  };
  note("suffix", options.suffix);
  note("reply", options.reply);
  note("path", options.path);
  note("host", options.host);
  note("request", options.request);
  note("reply_delimiter", options.reply_delimiter);
  note("expect", options.expect);
}

}  // namespace

void set_protocol(const LoadOptions& options, LoadPlan& plan) {
  const Protocol& protocol = find_protocol(options.protocol);
  if (protocol.make_client == nullptr) {
    refuse(fmt::format("protocol '{}' has no client half: choose another", options.protocol));
  }
  refuse_other_options(fmt::format("protocol '{}'", protocol.name), protocol.client_options, given_options(options));
  if (options.payload && options.payload_bytes) {
    refuse("--payload and --payload-size contradict each other: give one");
  }
  if (options.payload && options.payload->empty()) {
    refuse("--payload is empty: give at least one byte");
  }
  constexpr std::int64_t kMostBytes = std::int64_t{64} * 1024 * 1024;
  const bool tutorial =
      plan.driver == DriverKind::kThreads && !options.payload_bytes && is_taken(protocol.client_options, "payload");
  ClientProtocolOptions client;
  client.payload_bytes = static_cast<std::size_t>(
      in_range("--payload-size", options.payload_bytes.value_or(std::int64_t{64}), 1, kMostBytes));
  client.payload = options.payload.value_or(tutorial ? "hello" : "");
  client.suffix = options.suffix.value_or(client.suffix);
  client.reply = options.reply.value_or(client.reply);
  client.path = options.path.value_or(client.path);
  client.host = options.host.value_or(client.host);
  client.request = unescape(options.request.value_or(""));
  client.reply_delimiter = unescape(options.reply_delimiter.value_or(""));
  client.expect = unescape(options.expect.value_or(""));
  if (options.reply_bytes) {
    client.reply_bytes = static_cast<std::size_t>(in_range("--reply-size", *options.reply_bytes, 1, kMostBytes));
    plan.reply_bytes = client.reply_bytes;
  }
  plan.speak(options.protocol, [make = protocol.make_client, client] { return make(client); });
  if (!client.payload.empty()) {
    plan.protocol_texts.emplace_back("payload", client.payload);
  }
  note_texts(options, plan);
}

}  // namespace fanin
