// raw: a fixed request to any server, the reply ended by a delimiter. A client's half only.
#include <stdexcept>
#include <vector>

#include "protocols/registry.h"
#include "protocols/template_client.h"

namespace fanin {
namespace {

// Finds the delimiter through any fragmentation with the Knuth-Morris-Pratt automaton; state.offset is its state.
class DelimitedClient : public ClientProtocol {
 public:
  DelimitedClient(std::string request, std::string delimiter)
      : request_(std::move(request)), delimiter_(std::move(delimiter)), fallback_(delimiter_.size(), 0) {
    for (std::size_t i = 1, matched = 0; i < delimiter_.size(); ++i) {
      while (matched > 0 && delimiter_[i] != delimiter_[matched]) {
        matched = fallback_[matched - 1];
      }
      matched += delimiter_[i] == delimiter_[matched] ? 1 : 0;
      fallback_[i] = matched;
    }
  }

  void append_request(ClientState& state, std::string& out) override {
    out.append(request_);
    ++state.sent;
  }

  ReplyOutcome consume(ClientState& state, std::string_view received) override {
    ReplyOutcome outcome;
    std::size_t matched = state.offset;
    for (const char c : received) {
      if (state.completed == state.sent) {
        outcome.mismatch = true;  // more than was asked for
        return outcome;
      }
      while (matched > 0 && c != delimiter_[matched]) {
        matched = fallback_[matched - 1];
      }
      matched += c == delimiter_[matched] ? 1 : 0;
      if (matched == delimiter_.size()) {
        matched = 0;
        ++state.completed;
        ++outcome.completed;
      }
    }
    state.offset = static_cast<std::uint32_t>(matched);
    return outcome;
  }

  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return request_.size(); }

 private:
  std::string request_;
  std::string delimiter_;
  std::vector<std::size_t> fallback_;
};

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  if (options.request.empty() || options.reply_delimiter.empty()) {
    throw std::invalid_argument("protocol raw needs --request and --reply-delimiter");
  }
  if (!options.expect.empty()) {
    return std::make_unique<TemplateClient>(
        TemplateClient::Form{.request = options.request, .reply = options.expect + options.reply_delimiter});
  }
  return std::make_unique<DelimitedClient>(options.request, options.reply_delimiter);
}

}  // namespace

const Protocol kRaw{.name = "raw",
                    .summary = "a fixed request to any server, the reply ended by a delimiter (client only)",
                    .make_sessions = nullptr,
                    .make_client = make_client,
                    .client_options = "request reply-delimiter expect"};

}  // namespace fanin
