#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/protocol_harness.h"
#include "protocols/registry.h"

// For tests of the server's half of http: requests, replies, and what a session over a small tree of files says.
namespace fanin::http_exchange {

inline constexpr std::size_t kReplyRoom = 65536;
// Longer than what is kept in memory, and than any reply buffer.
inline constexpr std::size_t kLongFile = 300 * 1024;

// A reply without its date, which say() takes out.
std::string reply(const std::string& status, const std::string& fields, const std::string& body = "",
                  const std::string& last_fields = "");
std::string error(const std::string& status, const std::string& last_fields = "", const std::string& fields = "");
std::string length(std::size_t size);  // the field that says it

std::string get(const std::string& target, const std::string& fields = "");
std::string ask(const std::string& method, const std::string& fields = "", const std::string& body = "");

inline const std::string kFileFields = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\n";
inline const std::string kText = "Content-Type: text/plain; charset=utf-8\r\n" + kFileFields;
inline const std::string kHtml = "Content-Type: text/html; charset=utf-8\r\n" + kFileFields;
inline const std::string kClose = "Connection: close\r\n";
inline const std::string kIndex = reply("200 OK", kHtml + length(5), "hello");
inline const std::string kLetters = reply("200 OK", kText + length(10), "abcdefghij");
inline const std::string kNotFound = error("404 Not Found");

SessionFactory tree_sessions();

// What a session over the tree says to the parts of a stream, without dates: each reply must have one.
SessionOutput say(const std::vector<std::string_view>& parts, std::size_t limit = kReplyRoom);

}  // namespace fanin::http_exchange
