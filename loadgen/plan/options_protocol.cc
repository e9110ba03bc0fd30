// The protocol's part of the command line.
#include "loadgen/plan/options_protocol.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <iterator>

#include "loadgen/plan/escapes.h"
#include "loadgen/plan/option_checks.h"
#include "loadgen/plan/options_mix.h"
#include "os/quantity.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{64} * 1024 * 1024;

// Options that are taken as they are, and those that may hold C escapes. Most are as if they were not given where they
// are empty, which nobody means.
struct TextOption {
  std::string_view name;
  std::string ClientProtocolOptions::*text;
  bool escaped = false;
  bool may_be_empty = false;
};
constexpr TextOption kTextOptions[]{
    {"payload", &ClientProtocolOptions::payload},
    {.name = "suffix", .text = &ClientProtocolOptions::suffix, .may_be_empty = true},
    {.name = "reply", .text = &ClientProtocolOptions::reply, .may_be_empty = true},
    {"path", &ClientProtocolOptions::path},
    {.name = "host", .text = &ClientProtocolOptions::host, .may_be_empty = true},
    {"method", &ClientProtocolOptions::method},
    {.name = "body", .text = &ClientProtocolOptions::body, .may_be_empty = true},
    {"expect-status", &ClientProtocolOptions::expect_status},
    {"expect-body", &ClientProtocolOptions::expect_body, true},
    {"expect-body-pattern", &ClientProtocolOptions::expect_body_pattern},
    {"request", &ClientProtocolOptions::request, true},
    {"reply-pattern", &ClientProtocolOptions::reply_pattern},
    {"reply-delimiter", &ClientProtocolOptions::reply_delimiter, true},
    {"expect", &ClientProtocolOptions::expect, true},
    {"greeting-delimiter", &ClientProtocolOptions::greeting_delimiter, true},
    {"greeting-pattern", &ClientProtocolOptions::greeting_pattern},
    {"setup-request", &ClientProtocolOptions::setup_request, true},
    {"setup-reply-delimiter", &ClientProtocolOptions::setup_reply_delimiter, true},
    {"setup-reply-pattern", &ClientProtocolOptions::setup_reply_pattern},
    {"setup-expect", &ClientProtocolOptions::setup_expect, true},
};

std::size_t to_size(const std::string& name, const std::string& text) {
  const auto size = parse_count(text);
  if (!size) {
    refuse(fmt::format("--{} '{}' is no number of bytes: give one from 1 to {}", name, text, kMaxBytes));
  }
  return static_cast<std::size_t>(in_range(("--" + name).c_str(), *size, 1, kMaxBytes));
}

void apply(const GivenOption& option, const BodyFiles& files, ClientProtocolOptions& client) {
  const auto& [name, text] = option;
  if (name == "payload-bytes") {
    client.payload_bytes = to_size(name, text);
  } else if (name == "reply-bytes") {
    client.reply_bytes = to_size(name, text);
  } else if (name == "setup-reply-bytes") {
    client.setup_reply_bytes = to_size(name, text);
  } else if (name == "reply-limit-bytes") {
    client.reply_limit = to_size(name, text);
  } else if (name == "header") {
    client.headers.push_back(text);
  } else if (name == "body-file") {
    client.body = files.at(text)->content;
  } else {
    const auto* row = std::find_if(std::begin(kTextOptions), std::end(kTextOptions),
                                   [&option](const TextOption& each) { return each.name == option.first; });
    if (text.empty() && !row->may_be_empty) {
      refuse(fmt::format("--{} is empty: give at least one byte, or leave it out", name));
    }
    client.*(row->text) = row->escaped ? unescape(text) : text;
  }
}

// What the protocol was told, for the result; sizes are in it otherwise.
void note(const GivenOption& option, LoadPlan& plan) {
  const auto& [name, text] = option;
  if (name == "reply-bytes") {
    plan.reply_bytes = to_size(name, text);
  }
  if (name == "setup-reply-bytes") {
    plan.setup_reply_bytes = to_size(name, text);
  }
  if (name == "payload-bytes" || name == "reply-bytes" || name == "reply-limit-bytes" || name == "setup-reply-bytes") {
    return;
  }
  std::string key = name == "header" ? "headers" : name;
  std::replace(key.begin(), key.end(), '-', '_');
  for (auto& [noted, texts] : plan.protocol_texts) {
    if (noted == key) {
      texts += "\n" + text;
      return;
    }
  }
  plan.protocol_texts.emplace_back(key, text);
}

void check_contradictions(const std::vector<GivenOption>& given) {
  const auto is_given = [&given](std::string_view name) {
    return std::any_of(given.begin(), given.end(), [name](const GivenOption& each) { return each.first == name; });
  };
  if (is_given("payload") && is_given("payload-bytes")) {
    refuse("--payload and --payload-bytes contradict each other: give one");
  }
  if (is_given("reply-limit-bytes") && !is_given("reply-pattern") && !is_given("greeting-pattern") &&
      !is_given("setup-reply-pattern")) {
    refuse(
        "--reply-limit-bytes bounds replies that end by a pattern, such as --reply-pattern: give one, or leave it out");
  }
  if (is_given("host") && std::any_of(given.begin(), given.end(), is_host_header)) {
    refuse("--host and a --header 'Host: ...' contradict each other: give one");
  }
  if (is_given("body") && is_given("body-file")) {
    refuse("--body and --body-file contradict each other: give one");
  }
}

void refuse_unknown(const Protocol& protocol, const std::vector<GivenOption>& given) {
  std::vector<std::string> names;
  std::transform(given.begin(), given.end(), std::back_inserter(names), [](const auto& each) { return each.first; });
  refuse_other_options(fmt::format("protocol '{}'", protocol.name), protocol.client_options, names);
}

// The tutorial's clients say hello.
bool says_hello(const LoadPlan& plan, const Protocol& protocol, const std::vector<GivenOption>& given) {
  return plan.driver == DriverKind::kThreads && is_taken(protocol.client_options, "payload") &&
         std::none_of(given.begin(), given.end(),
                      [](const GivenOption& each) { return each.first == "payload" || each.first == "payload-bytes"; });
}

}  // namespace

bool is_host_header(const GivenOption& option) {
  constexpr std::string_view kName = "host:";  // names of fields are the same in either case
  return option.first == "header" && ::strncasecmp(option.second.c_str(), kName.data(), kName.size()) == 0;
}

void read_body_file(const std::string& path, BodyFiles& files) {
  if (auto& file = files[path]; !file) {
    file = std::make_shared<const InputFile>(read_input_file(path, "--body-file"));
  }
}

ClientProtocolOptions client_options(const Protocol& protocol, const std::vector<GivenOption>& given,
                                     const LoadOptions& options) {
  refuse_unknown(protocol, given);
  check_contradictions(given);
  ClientProtocolOptions client;
  for (const GivenOption& option : given) {
    apply(option, options.body_files, client);
  }
  if (options.close == close_name(CloseKind::kServer)) {
    client.requests_per_connection = static_cast<std::uint32_t>(options.requests_per_connection.value_or(0));
  }
  return client;
}

void set_protocol(const LoadOptions& options, LoadPlan& plan) {
  const Protocol& protocol = find_protocol(options.protocol.value_or("echo"));
  if (protocol.make_client == nullptr) {
    refuse(fmt::format("protocol '{}' has no client half: choose another", protocol.name));
  }
  std::vector<GivenOption> given = options.protocol_options;
  refuse_unknown(protocol, given);
  if (!options.mix.empty()) {
    set_mix(options, protocol, plan);
  } else {
    if (says_hello(plan, protocol, given)) {
      given.emplace_back("payload", "hello");
    }
    plan.speak(
        std::string(protocol.name),
        [make = protocol.make_client, client = client_options(protocol, given, options)] { return make(client); });
  }
  for (const GivenOption& option : given) {
    note(option, plan);
  }
}

}  // namespace fanin::load
