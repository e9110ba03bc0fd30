// What a session of http does with long files, many requests at once and requests beyond its limits.
#include <gtest/gtest.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "protocols/http_exchange.h"
#include "protocols/options.h"
#include "protocols/payload.h"
#include "protocols/protocol_harness.h"

namespace fanin {
namespace {

using namespace http_exchange;

// Would catch: one call that answers a whole read. A request may read its file while the other connections of the
// thread wait.
TEST(HttpSession, OneCallAnswersSomeRequestsOnly) {
  const SessionFactory sessions = tree_sessions();
  const auto session = sessions();
  std::string input;
  for (int i = 0; i < 200; ++i) {
    input += get("/none");
  }
  std::string replies;
  ReplyBuffer out(replies, kReplyRoom);
  const auto progress = session->consume(input, out);
  EXPECT_EQ(progress.consumed, 64 * get("/none").size());
  EXPECT_FALSE(progress.more);
}

std::string tree_content(const std::string& replies) { return replies.substr(replies.find("\r\n\r\n") + 4); }

// Would catch: a long file cut, repeated or mixed up at the borders of the reply buffer.
TEST(HttpLong, ComesWholeThroughAnyBuffer) {
  for (const std::size_t limit : {std::size_t{1000}, std::size_t{4096}, kReplyRoom}) {
    const std::string requests = get("/long.bin") + get("/a.txt");
    const SessionOutput said = say({requests}, limit);
    const std::string body = tree_content(said.replies);
    ASSERT_EQ(body.size(), kLongFile + kLetters.size());
    ASSERT_EQ(body.substr(kLongFile), kLetters);
    for (std::size_t at = 0; at < kLongFile;) {
      const std::string_view wanted = pattern_at(at).substr(0, kLongFile - at);
      ASSERT_EQ(body.compare(at, wanted.size(), wanted), 0) << at;
      at += wanted.size();
    }
  }
}

TEST(HttpLong, RangeAndHead) {
  const SessionOutput range = say({get("/long.bin", "Range: bytes=300000-300009\r\n")});
  EXPECT_EQ(tree_content(range.replies), pattern_at(300000).substr(0, 10));
  EXPECT_EQ(tree_content(say({"HEAD /long.bin HTTP/1.1\r\nHost: x\r\n\r\n"}).replies), "");
}

// Would catch: zeros, or an endless wait, for the missing part of a truncated file.
TEST(HttpLong, AFileThatShrinksEndsTheConnection) {
  ScratchDirectory root;
  root.write("x", std::string(kLongFile, 'x'));
  const SessionFactory sessions = find_protocol("http").make_sessions({.root = root.path("")});
  const auto session = sessions();
  std::string buffer;
  ReplyBuffer first(buffer, kReplyRoom);
  EXPECT_TRUE(session->consume(get("/x"), first).more);
  ASSERT_EQ(::truncate(root.path("x").c_str(), 1000), 0);
  buffer.clear();
  ReplyBuffer second(buffer, kReplyRoom);
  EXPECT_FALSE(session->consume("", second).more);
  EXPECT_TRUE(second.closing());
  EXPECT_EQ(buffer, "");
}

// Would catch: limits that are not kept, or kept only where the input comes in the right pieces.
TEST(HttpLimits, TooLongIsRefusedWithItsStatus) {
  const std::string long_target = get("/" + std::string(8000, 'a'));
  const std::string endless_target = "GET /" + std::string(20000, 'a');
  const std::string long_field = get("/", "X: " + std::string(20000, 'a') + "\r\n");
  std::string many_fields = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 2000; ++i) {
    many_fields += "X-" + std::to_string(i) + ": y\r\n";
  }
  std::string many_chunks = ask("POST", "Transfer-Encoding: chunked\r\n");
  for (int i = 0; i < 20000; ++i) {
    many_chunks += "1;extension=" + std::to_string(i) + "\r\nx\r\n";
  }
  const std::pair<std::string, std::string> cases[] = {{long_target, "414 URI Too Long"},
                                                       {endless_target, "414 URI Too Long"},
                                                       {long_field, "431 Request Header Fields Too Large"},
                                                       {many_fields, "431 Request Header Fields Too Large"},
                                                       {std::string(20000, '\n'), "400 Bad Request"},
                                                       {many_chunks, "413 Payload Too Large"}};
  for (const auto& [request, status] : cases) {
    for (const auto& parts :
         {std::vector<std::string_view>{request}, cut(request, request.size() - 3), trickle(request)}) {
      const SessionOutput said = say(parts);
      EXPECT_EQ(said.replies, error(status, kClose));
      EXPECT_TRUE(said.server_closes) << status;
    }
  }
  EXPECT_EQ(say({get("/" + std::string(7999, 'a'))}).replies, kNotFound) << "as long as it may be";
}

TEST(HttpOptions, ARootIsNeeded) {
  EXPECT_THROW(find_protocol("http").make_sessions({}), std::invalid_argument);
  EXPECT_ANY_THROW(find_protocol("http").make_sessions({.root = "/nowhere/at/all"}));
}

}  // namespace
}  // namespace fanin
