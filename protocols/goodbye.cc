// goodbye: a fixed reply to every line.
#include <algorithm>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

class GoodbyeSession : public ServerSession {
 public:
  explicit GoodbyeSession(const std::string& reply) : reply_(reply) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    std::size_t done = 0;
    while (done < input.size()) {
      const std::size_t newline = input.find('\n', done);
      if (newline == std::string_view::npos) {
        return {input.size(), false};
      }
      if (out.room() < reply_.size()) {
        break;
      }
      out.append(reply_);
      done = newline + 1;
    }
    return {done, false};
  }

 private:
  const std::string& reply_;  // owned by the factory, which outlives every session
};

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  const auto reply = std::make_shared<const std::string>(options.reply + "\n");
  return [reply] { return std::make_unique<GoodbyeSession>(*reply); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<TemplateClient>(make_line_payload(options),
                                          TemplateClient::Reply{.text = options.reply + "\n"});
}

constexpr ServerOption kServerOptions[] = {
    {.name = "reply", .place = &ServerProtocolOptions::reply, .help = "the reply to every line", .max = kMaxReplyText},
};

}  // namespace

extern const Protocol kGoodbye{.name = "goodbye",
                               .summary = "answers every line with a fixed line (--reply)",
                               .make_sessions = make_sessions,
                               .make_client = make_client,
                               .server_options = kServerOptions,
                               .client_options = "payload-bytes payload reply"};

}  // namespace fanin::protocols
