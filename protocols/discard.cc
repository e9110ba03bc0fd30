// discard: the server reads to the end of the stream, answers nothing and closes (RFC 863).
#include "protocols/payload.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

class DiscardSession : public ServerSession {
 public:
  Progress consume(std::string_view input, ReplyBuffer& /*out*/) override { return {input.size(), false}; }
};

SessionFactory make_sessions(const ServerProtocolOptions& /*options*/) {
  return [] { return std::make_unique<DiscardSession>(); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<TemplateClient>(make_payload(options),
                                          TemplateClient::Reply{.ends_with_connection = true, .half_closes = true});
}

}  // namespace

extern const Protocol kDiscard{.name = "discard",
                               .summary = "reads until the end of the stream, answers nothing, closes",
                               .make_sessions = make_sessions,
                               .make_client = make_client,
                               .client_options = "payload-bytes payload"};

}  // namespace fanin::protocols
