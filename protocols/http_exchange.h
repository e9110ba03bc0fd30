#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocols/payload.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

// For tests of the server half of http: requests, expected replies, and the output of a session over a small tree of
// files.
namespace fanin::protocols::http_exchange {

inline constexpr std::size_t kReplyRoom = 65536;
// Longer than what is kept in memory, and than any reply buffer.
inline constexpr std::size_t kLongFile = 300 * 1024;

// A reply without its date, which say() removes.
inline std::string reply(const std::string& status, const std::string& fields, const std::string& body = "",
                         const std::string& last_fields = "") {
  return "HTTP/1.1 " + status + "\r\nServer: fanin\r\n" + fields + last_fields + "\r\n" + body;
}

// The Content-Length field.
inline std::string length(std::size_t size) { return "Content-Length: " + std::to_string(size) + "\r\n"; }

inline std::string error(const std::string& status, const std::string& last_fields = "",
                         const std::string& fields = "") {
  const std::string body = status + "\n";
  return reply(status, fields + "Content-Type: text/plain; charset=utf-8\r\n" + length(body.size()), body, last_fields);
}

inline std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

inline std::string ask(const std::string& method, const std::string& fields = "", const std::string& body = "") {
  return method + " /a.txt HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

inline const std::string kFileFields = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\n";
inline const std::string kText = "Content-Type: text/plain; charset=utf-8\r\n" + kFileFields;
inline const std::string kHtml = "Content-Type: text/html; charset=utf-8\r\n" + kFileFields;
inline const std::string kClose = "Connection: close\r\n";
inline const std::string kIndex = reply("200 OK", kHtml + length(5), "hello");
inline const std::string kLetters = reply("200 OK", kText + length(10), "abcdefghij");
inline const std::string kNotFound = error("404 Not Found");

class DocumentTree {
 public:
  DocumentTree() {
    file("index.html", "hello");
    file("a.txt", "abcdefghij");
    file("b c.txt", "blank");
    file("empty.txt", "");
    directory_.make_directory("sub");
    file("sub/index.html", "below");
    directory_.make_directory("bare");
    std::string content;
    while (content.size() < kLongFile) {
      content += pattern_at(content.size());
    }
    content.resize(kLongFile);
    file("long.bin", content);
  }

  SessionFactory sessions() const { return find_protocol("http").make_sessions({.root = directory_.path("")}); }

 private:
  void file(const std::string& name, const std::string& content) {
    directory_.write(name, content);
    const timespec times[2] = {{784111777, 0}, {784111777, 0}};
    ::utimensat(AT_FDCWD, directory_.path(name).c_str(), times, 0);
  }

  ScratchDirectory directory_;
};

// Takes the dates out: each reply must have one.
inline std::string without_dates(std::string text) {
  constexpr std::size_t kDateLength = 37;
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    EXPECT_EQ(text.substr(at + kDateLength - 4, 6), " GMT\r\n") << text;
    text.erase(at + 2, kDateLength);
  }
  return text;
}

inline SessionFactory tree_sessions() {
  static const DocumentTree tree;
  return tree.sessions();
}

// The output of a session over the tree for the parts of a stream, without dates: each reply must have one.
inline SessionOutput say(const std::vector<std::string_view>& parts, std::size_t limit = kReplyRoom) {
  static const SessionFactory sessions = tree_sessions();
  SessionOutput said = run_session(sessions(), parts, limit);
  EXPECT_EQ(said.fault, "");
  said.replies = without_dates(std::move(said.replies));
  return said;
}

}  // namespace fanin::protocols::http_exchange
