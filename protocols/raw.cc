// raw: a fixed request to any server; the reply ends by a delimiter, by its length or by a pattern. A client's half
// only.
#include <fmt/format.h>

#include <stdexcept>

#include "protocols/delimited_client.h"
#include "protocols/fixed_length_client.h"
#include "protocols/pattern_client.h"
#include "protocols/registry.h"
#include "protocols/template_client.h"

namespace fanin {
namespace {

void check(const ClientProtocolOptions& options) {
  const int ends = (options.reply_delimiter.empty() ? 0 : 1) + (options.reply_bytes ? 1 : 0) +
                   (options.reply_pattern.empty() ? 0 : 1);
  if (options.request.empty() || ends != 1) {
    throw std::invalid_argument(
        "protocol raw needs --request and what ends a reply: one of --reply-delimiter, --reply-size, --reply-pattern");
  }
  if (options.reply_bytes && !options.expect.empty() && options.expect.size() != *options.reply_bytes) {
    throw std::invalid_argument(fmt::format("--expect has {} bytes and --reply-size says {}: make them agree",
                                            options.expect.size(), *options.reply_bytes));
  }
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  check(options);
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

}  // namespace

const Protocol kRaw{.name = "raw",
                    .summary = "a fixed request to any server, whose reply ends as you say (client only)",
                    .make_sessions = nullptr,
                    .make_client = make_client,
                    .client_options = "request reply-delimiter reply-size reply-pattern reply-limit expect"};

}  // namespace fanin
