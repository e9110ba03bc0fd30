#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"
#include "protocols/server_session.h"

namespace fanin {

// What a session said, and what it did that no session may do. For tests and fuzz targets.
struct Conversation {
  std::string replies;
  bool server_closes = false;
  std::string fault;  // empty: it kept to the rules of ServerSession
};

// Feeds `parts`, one after the other, to a new session whose reply buffer holds `limit` bytes and is emptied after
// every call, as a connection does; what it pushes to its channel counts as said, too. Ends early where the session
// closes.
Conversation talk(std::unique_ptr<ServerSession> session, const std::vector<std::string_view>& parts,
                  std::size_t limit);

// Lets the client verify `stream`, cut at `split`.
ReplyOutcome verify(ClientProtocol& client, ClientState& state, std::string_view stream, std::size_t split);

// `text` cut in two.
std::vector<std::string_view> cut(std::string_view text, std::size_t at);
// `text` byte by byte.
std::vector<std::string_view> trickle(std::string_view text);

}  // namespace fanin
