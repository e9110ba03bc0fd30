// raw: a fixed request to any server; a delimiter, a length or a pattern ends the reply. Client half only. A greeting
// and a set-up request with its reply may precede, once per connection.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/client_protocol.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/reply_pattern.h"

namespace fanin::protocols {
namespace {

// Replies of a fixed length and any content.
class FixedLengthClient : public PayloadClient {
 public:
  // `reply_bytes` is at least 1.
  FixedLengthClient(Payload request, std::size_t reply_bytes)
      : PayloadClient(std::move(request)), reply_bytes_(reply_bytes) {}

  ReplyOutcome consume(ClientState& state, std::string_view received) override {
    return consume_length(state, received, reply_bytes_, [](std::string_view part) { return part.size(); });
  }

 private:
  std::size_t reply_bytes_;
};

// Finds the delimiter through any fragmentation with the Knuth-Morris-Pratt automaton; state.offset is its state.
class DelimitedClient : public PayloadClient {
 public:
  // The delimiter is not empty.
  DelimitedClient(Payload request, std::string delimiter);

  ReplyOutcome consume(ClientState& state, std::string_view received) override;

 private:
  std::string delimiter_;
  std::vector<std::size_t> fallback_;
};

DelimitedClient::DelimitedClient(Payload request, std::string delimiter)
    : PayloadClient(std::move(request)), delimiter_(std::move(delimiter)), fallback_(delimiter_.size(), 0) {
  for (std::size_t i = 1, matched = 0; i < delimiter_.size(); ++i) {
    while (matched > 0 && delimiter_[i] != delimiter_[matched]) {
      matched = fallback_[matched - 1];
    }
    matched += delimiter_[i] == delimiter_[matched] ? 1 : 0;
    fallback_[i] = matched;
  }
}

ReplyOutcome DelimitedClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  std::size_t matched = state.offset;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const char c = received[i];
    if (state.completed == state.sent) {
      outcome.set_mismatch(Fault::kUnasked, received.size() - i);
      return outcome;
    }
    while (matched > 0 && c != delimiter_[matched]) {
      matched = fallback_[matched - 1];
    }
    matched += c == delimiter_[matched] ? 1 : 0;
    if (matched == delimiter_.size()) {
      matched = 0;
      if (complete_reply(state, outcome, received.size() - i - 1)) {
        return outcome;
      }
    }
  }
  state.offset = static_cast<std::uint32_t>(matched);
  return outcome;
}

// Replies that end at the match of a regular expression. Keeps a reply until it is complete.
class PatternClient : public PayloadClient {
 public:
  // Throws std::invalid_argument as ReplyPattern does.
  explicit PatternClient(const ClientProtocolOptions& options)
      : PayloadClient({options.request}),
        expect_(options.expect),
        limit_(options.reply_limit),
        pattern_(options.reply_pattern) {}

  // Takes one reply at a time.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;

 protected:
  std::string expected(const ClientState& state) const override {
    return expect_.substr(std::min<std::size_t>(state.offset, expect_.size()));
  }

 private:
  std::string expect_;  // empty: any
  std::size_t limit_;
  ReplyPattern pattern_;
  struct Partial {
    std::string text;
    std::size_t from = 0;  // where a match may begin
  };
  PartialReplies<Partial> partial_;
};

ReplyOutcome PatternClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  if (received.empty()) {
    return outcome;
  }
  if (state.completed == state.sent) {
    outcome.set_mismatch(Fault::kUnasked, received.size());
    return outcome;
  }
  std::string_view text = received;
  const std::size_t searched = state.offset;
  std::size_t from = 0;
  if (searched > 0) {
    Partial& partial = partial_.get(state);
    text = partial.text.append(received);
    from = partial.from;
  }
  const auto search = pattern_.find(text.substr(0, limit_), searched, from);
  const bool too_long = !search.end && text.size() > limit_;
  const bool wrong = search.end && !expect_.empty() && text.substr(0, *search.end) != expect_;
  if (too_long || search.exceeded || wrong) {
    outcome.set_mismatch(search.exceeded ? Fault::kPatternLimit
                         : too_long      ? Fault::kTooLong
                                         : Fault::kWrong,
                         received.size());
    partial_.end(state);
    return outcome;
  }
  if (!search.end) {
    Partial& partial = searched == 0 ? partial_.begin(state) : partial_.get(state);
    if (searched == 0) {
      partial.text = text;
    }
    partial.from = search.from;
    state.offset = static_cast<std::uint32_t>(text.size());
    return outcome;
  }
  if (searched > 0) {
    partial_.end(state);
  }
  complete_reply(state, outcome, 0);
  outcome.unread = static_cast<std::uint32_t>(text.size() - *search.end);
  return outcome;
}

// The expected reply must end where a reply ends. `prefix`: of the options of this exchange.
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
        "--reply-delimiter, --reply-bytes and --reply-pattern each end a reply and contradict each other: give one");
  }
  if (options.request.empty() || ends == 0) {
    throw std::invalid_argument(
        "protocol raw needs --request and the end of a reply: give one of --reply-delimiter, --reply-bytes, "
        "--reply-pattern");
  }
  check_expect("", options);
}

// A client of one request, which may be empty, and its reply.
std::unique_ptr<ClientProtocol> make_exchange(const ClientProtocolOptions& options) {
  if (!options.reply_pattern.empty()) {
    return std::make_unique<PatternClient>(options);
  }
  if (!options.expect.empty()) {
    return std::make_unique<TemplateClient>(Payload{options.request},
                                            TemplateClient::Reply{.text = options.expect + options.reply_delimiter});
  }
  if (options.reply_bytes) {
    return std::make_unique<FixedLengthClient>(Payload{options.request}, *options.reply_bytes);
  }
  return std::make_unique<DelimitedClient>(Payload{options.request}, options.reply_delimiter);
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
        "a set-up needs --setup-request and the end of its reply: give one of --setup-reply-delimiter, "
        "--setup-reply-bytes, --setup-reply-pattern");
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

// Null if connections need no set-up.
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

}  // namespace fanin::protocols
