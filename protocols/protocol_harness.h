#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"
#include "protocols/server_session.h"

namespace fanin::protocols {

// The output of a session, and its violation of the rules, if any. For tests and fuzz targets.
struct SessionOutput {
  std::string replies;
  bool server_closes = false;
  std::string fault;  // empty: none of the rules of ServerSession was violated
};

// Feeds `parts` in order to a new session whose reply buffer holds `limit` bytes and is emptied after every call, as a
// connection does; includes what the session pushes to its channel. Ends early if the session closes.
SessionOutput run_session(std::unique_ptr<ServerSession> session, const std::vector<std::string_view>& parts,
                          std::size_t limit);

// The state of a connection that has sent `count` requests.
ClientState after_requests(ClientProtocol& client, int count, std::uint32_t connection = 0);

// Verifies `stream`, cut at `split`, with the client.
ReplyOutcome verify(ClientProtocol& client, ClientState& state, std::string_view stream, std::size_t split);

// `text` cut in two.
std::vector<std::string_view> cut(std::string_view text, std::size_t at);
// `text` byte by byte.
std::vector<std::string_view> trickle(std::string_view text);

// A temporary directory for a test or a fuzz target, removed at the end. Throws std::system_error if it cannot be made.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  std::string path(const std::string& name) const { return name.empty() ? path_ : path_ + "/" + name; }
  // Replaces the file by a new one, as an editor does.
  void write(const std::string& name, std::string_view content) const;
  void make_directory(const std::string& name) const;
  void link(const std::string& target, const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace fanin::protocols
