#include "servers/conformance/protocol_setup.h"

#include "servers/conformance/document_root.h"

namespace fanin::conformance {
namespace {

// Longer than the reply limit of a connection, so that every reply takes several steps.
constexpr std::size_t kLongReply = 100'000;
constexpr std::size_t kLongReplyBurst = 100;

}  // namespace

ProtocolSetup make_setup(std::string_view protocol) {
  if (protocol == "work") {
    // The cases test connections, not the work.
    return {.server_options = {"--work", "1us", "--work-share", "0.1"}};
  }
  if (protocol == "bulk") {
    return {.server_options = {"--reply-bytes", std::to_string(kLongReply)},
            .client_options = {.reply_bytes = kLongReply},
            .burst = kLongReplyBurst,
            .balanced = false};
  }
  if (protocol == "http") {
    static const DocumentRoot root("index.html", kLongReply);
    return {.server_options = {"--root", root.path()},
            .burst = kLongReplyBurst,
            .balanced = false,
            .opens_descriptors = true};
  }
  if (protocol == "chat") {
    return {.shortest_payload = 17, .longest_payload = 4000, .balanced = false, .broadcasts = true};
  }
  return {};
}

}  // namespace fanin::conformance
