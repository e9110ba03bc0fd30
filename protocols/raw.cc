// raw: a fixed request to any server; a delimiter, a length or a pattern ends the reply. Client half only. A greeting
// and a set-up request with its reply may precede, once per connection.
#include <fmt/format.h>

#include <stdexcept>

#include "protocols/connection_setup.h"
#include "protocols/delimited_client.h"
#include "protocols/fixed_length_client.h"
#include "protocols/options.h"
#include "protocols/pattern_client.h"
#include "protocols/registry.h"
#include "protocols/template_client.h"

namespace fanin {
namespace {

// What a reply must be has to end where a reply ends. `prefix` is that of the options of this exchange.
void check_expect(std::string_view prefix, const ClientProtocolOptions& exchange) {
  const std::string& expect = exchange.expect;
  if (exchange.reply_bytes && !expect.empty() && expect.size() != *exchange.reply_bytes) {
    throw std::invalid_argument(fmt::format("--{0}expect has {1} bytes and --{0}reply-bytes says {2}: make them agree",
                                            prefix, expect.size(), *exchange.reply_bytes));
  }
  const std::string& delimiter = exchange.reply_delimiter;
  if (!delimiter.empty() && (expect + delimiter).find(delimiter) < expect.size()) {
    throw std::invalid_argument(fmt::format(
        "--{0}expect holds --{0}reply-delimiter, at which a reply ends: leave the delimiter out of it", prefix));
  }
}

void check(const ClientProtocolOptions& options) {
  const int ends = (options.reply_delimiter.empty() ? 0 : 1) + (options.reply_bytes ? 1 : 0) +
                   (options.reply_pattern.empty() ? 0 : 1);
  if (ends > 1) {
    throw std::invalid_argument(
        "--reply-delimiter, --reply-bytes and --reply-pattern, of which each says where a reply ends, contradict each "
        "other: give one");
  }
  if (options.request.empty() || ends == 0) {
    throw std::invalid_argument(
        "protocol raw needs --request and what ends a reply: one of --reply-delimiter, --reply-bytes, --reply-pattern");
  }
  check_expect("", options);
}

// A client of one request, which may be empty, and its reply.
std::unique_ptr<ClientProtocol> make_exchange(const ClientProtocolOptions& options) {
  if (!options.reply_pattern.empty()) {
    return std::make_unique<PatternClient>(options);
  }
  if (!options.expect.empty()) {
    return std::make_unique<TemplateClient>(
        TemplateClient::Form{.request = options.request, .reply = options.expect + options.reply_delimiter});
  }
  if (options.reply_bytes) {
    return std::make_unique<FixedLengthClient>(options.request, *options.reply_bytes);
  }
  return std::make_unique<DelimitedClient>(options.request, options.reply_delimiter);
}

void check_setup(const ClientProtocolOptions& options) {
  if (!options.greeting_delimiter.empty() && !options.greeting_pattern.empty()) {
    throw std::invalid_argument("--greeting-delimiter and --greeting-pattern contradict each other: give one");
  }
  const int ends = (options.setup_reply_delimiter.empty() ? 0 : 1) + (options.setup_reply_bytes ? 1 : 0) +
                   (options.setup_reply_pattern.empty() ? 0 : 1);
  if (ends > 1) {
    throw std::invalid_argument(
        "--setup-reply-delimiter, --setup-reply-bytes and --setup-reply-pattern contradict each other: give one");
  }
  if (options.setup_request.empty() ? ends != 0 || !options.setup_expect.empty() : ends != 1) {
    throw std::invalid_argument(
        "a set-up needs --setup-request and what ends its reply: one of --setup-reply-delimiter, --setup-reply-bytes, "
        "--setup-reply-pattern");
  }
}

// The options of a set-up as those of an exchange.
ClientProtocolOptions setup_exchange(const ClientProtocolOptions& options) {
  return {.request = options.setup_request,
          .reply_delimiter = options.setup_reply_delimiter,
          .reply_bytes = options.setup_reply_bytes,
          .reply_pattern = options.setup_reply_pattern,
          .reply_limit = options.reply_limit,
          .expect = options.setup_expect};
}

// Null where a connection is of use as soon as it is up.
std::unique_ptr<ConnectionSetup> make_setup(const ClientProtocolOptions& options) {
  check_setup(options);
  std::vector<std::unique_ptr<ClientProtocol>> steps;
  if (!options.greeting_delimiter.empty() || !options.greeting_pattern.empty()) {
    steps.push_back(make_exchange({.reply_delimiter = options.greeting_delimiter,
                                   .reply_pattern = options.greeting_pattern,
                                   .reply_limit = options.reply_limit}));
  }
  if (!options.setup_request.empty()) {
    const ClientProtocolOptions exchange = setup_exchange(options);
    check_expect("setup-", exchange);
    steps.push_back(make_exchange(exchange));
  }
  return steps.empty() ? nullptr : std::make_unique<ConnectionSetup>(std::move(steps));
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  check(options);
  auto client = make_exchange(options);
  client->set_up_by(make_setup(options));
  return client;
}

}  // namespace

extern const Protocol kRaw{.name = "raw",
                           .summary = "a fixed request to any server, reply framing by option (client only)",
                           .make_sessions = nullptr,
                           .make_client = make_client,
                           .client_options =
                               "request reply-delimiter reply-bytes reply-pattern reply-limit-bytes expect "
                               "greeting-delimiter greeting-pattern setup-request setup-reply-delimiter "
                               "setup-reply-bytes setup-reply-pattern setup-expect"};

}  // namespace fanin
