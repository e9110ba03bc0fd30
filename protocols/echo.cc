// echo: returns every byte.
#include <algorithm>

#include "protocols/payload.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

class EchoSession : public ServerSession {
 public:
  Progress consume(std::string_view input, ReplyBuffer& out) override {
    const std::size_t length = std::min(input.size(), out.room());
    out.append(input.substr(0, length));
    return {length, false};
  }
};

SessionFactory make_sessions(const ServerProtocolOptions& /*options*/) {
  return [] { return std::make_unique<EchoSession>(); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  const Payload payload = make_payload(options);
  return std::make_unique<TemplateClient>(payload, TemplateClient::Reply{.text = payload.text, .stamp = payload.stamp});
}

}  // namespace

extern const Protocol kEcho{.name = "echo",
                            .summary = "returns every byte",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .client_options = "payload-bytes payload"};

}  // namespace fanin::protocols
