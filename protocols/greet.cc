// greet: the server sends hello and closes.
#include "protocols/payload.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

constexpr std::string_view kGreeting = "hello\n";

class GreetSession : public ServerSession {
 public:
  void start(ReplyBuffer& out) override {
    out.append(kGreeting);
    out.close_when_sent();
  }
  Progress consume(std::string_view input, ReplyBuffer& /*out*/) override { return {input.size(), false}; }
};

SessionFactory make_sessions(const ServerProtocolOptions& /*options*/) {
  return [] { return std::make_unique<GreetSession>(); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& /*options*/) {
  return std::make_unique<TemplateClient>(
      Payload{}, TemplateClient::Reply{.text = std::string(kGreeting), .ends_with_connection = true});
}

}  // namespace

extern const Protocol kGreet{"greet", "says hello and closes", make_sessions, make_client};

}  // namespace fanin::protocols
