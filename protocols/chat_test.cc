// chat with several members: the lines that each one gets, their order, and that no member can disturb the others.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

constexpr std::size_t kRoom = 65536;

// A member without a socket. Has no lock: the room must serialize the threads.
class Member : private Channel {
 public:
  explicit Member(const SessionFactory& sessions) : session_(sessions()) { session_->attach(*this); }

  void say(std::string_view text) {
    ReplyBuffer out(direct, kRoom);
    EXPECT_EQ(session_->consume(text, out).consumed, text.size());
    closing |= out.closing();
  }

  std::string heard;
  std::string direct;  // said to this member alone
  bool closing = false;

 private:
  void push(std::string_view bytes) override { heard += bytes; }

  std::unique_ptr<ServerSession> session_;  // ends first: it may still be spoken to until then
};

SessionFactory new_room() { return find_protocol("chat").make_sessions({}); }

TEST(Chat, EveryLineReachesEveryMember) {
  const SessionFactory room = new_room();
  Member one(room);
  one.say("alone\n");
  Member two(room);
  one.say("hello\nhow ");
  two.say("fine\n");
  one.say("are you\n");
  EXPECT_EQ(one.heard, "alone\nhello\nfine\nhow are you\n");
  EXPECT_EQ(two.heard, "hello\nfine\nhow are you\n");
}

// Would catch: the room pushes a line to a member that has left, or removes another member.
TEST(Chat, LeavingDisturbsNoOther) {
  const SessionFactory room = new_room();
  Member one(room);
  auto two = std::make_unique<Member>(room);
  Member three(room);
  two->say("I am leaving in the middle of");
  two.reset();
  one.say("x\n");
  three.say("y\n");
  EXPECT_EQ(one.heard, "x\ny\n");
  EXPECT_EQ(three.heard, "x\ny\n");
}

// Would catch: an endless line fills the server's memory, or lines of others are inside the last reply.
TEST(Chat, ALineThatIsTooLongEndsTheMembership) {
  const SessionFactory room = new_room();
  Member other(room);
  const std::string longest(4095, 'x');
  for (const std::size_t part : {1U, 1000U, 4095U, 20000U}) {
    Member member(room);
    member.say("ok\n" + longest + "\n");
    EXPECT_FALSE(member.closing);
    const std::string heard = member.heard;
    const std::string endless = "before\n" + std::string(20000, 'y') + "\nafter\n";
    for (std::size_t at = 0; at < endless.size(); at += part) {
      member.say(std::string_view(endless).substr(at, part));
    }
    EXPECT_TRUE(member.closing);
    EXPECT_EQ(member.direct, "line too long\n");
    EXPECT_EQ(member.heard, heard + "before\n");
    other.say("still here\n");
    EXPECT_EQ(member.heard, heard + "before\n");
  }
  EXPECT_TRUE(other.heard.ends_with("before\nstill here\n"));
}

TEST(Chat, RoomsAreSeparate) {
  const SessionFactory one_room = new_room();
  const SessionFactory other_room = new_room();
  Member one(one_room);
  Member other(other_room);
  one.say("x\n");
  EXPECT_EQ(other.heard, "");
}

// Would catch: members that join, speak and leave on several threads race (under ThreadSanitizer); a line is lost, cut,
// or reaches two members in different orders.
TEST(Chat, MembersOnManyThreads) {
  const SessionFactory room = new_room();
  Member first(room);
  Member second(room);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&room, t] {
      for (int i = 0; i < 200; ++i) {
        Member member(room);
        member.say("from " + std::to_string(t));
        member.say("\n");
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(first.heard.size(), 4 * 200 * std::string_view("from 0\n").size());
  EXPECT_EQ(first.heard, second.heard);
}

std::string make_line(ClientProtocol& client, std::uint32_t connection, int sequence = 0) {
  ClientState state{.connection = connection};
  std::string line;
  for (int i = 0; i <= sequence; ++i) {
    line.clear();
    client.append_request(state, line);
  }
  return line;
}

TEST(ChatClient, FindsItsOwnLinesAmongOthers) {
  const auto client = find_protocol("chat").make_client({.payload_bytes = 20});
  const std::string stream = make_line(*client, 8, 5) + make_line(*client, 7, 0) + make_line(*client, 9, 0) +
                             make_line(*client, 8, 6) + make_line(*client, 7, 1);
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    ClientState state{.connection = 7, .sent = 2};
    std::uint32_t completed = 0;
    for (const std::string_view part : cut(stream, at)) {
      const ReplyOutcome outcome = client->consume(state, part);
      ASSERT_FALSE(outcome.mismatch) << at;
      completed += outcome.completed;
    }
    ASSERT_EQ(completed, 2u) << at;
    ASSERT_EQ(client->lines_of_others(), 3 * (at + 1));
    ASSERT_FALSE(client->end_of_stream(state).mismatch);
  }
}

// Would catch: the client counts a line of another member, an old line, or half a line as a delivery.
TEST(ChatClient, RefusesLinesOutOfPlace) {
  const auto client = find_protocol("chat").make_client({.payload_bytes = 20});
  const auto mismatch = [&](const std::string& stream) {
    ClientState state{.connection = 7, .sent = 1};
    return client->consume(state, stream).mismatch;
  };
  EXPECT_FALSE(mismatch(make_line(*client, 7)));
  EXPECT_TRUE(mismatch(make_line(*client, 7, 1))) << "not sent yet";
  EXPECT_TRUE(mismatch(make_line(*client, 7) + make_line(*client, 7))) << "twice";
  EXPECT_TRUE(mismatch(make_line(*client, 8).substr(1)));
  EXPECT_TRUE(mismatch("line too long\n"));
  ClientState state{.connection = 7, .sent = 1};
  EXPECT_EQ(client->consume(state, make_line(*client, 8)).completed, 0u);
  EXPECT_TRUE(client->end_of_stream(state).mismatch);
}

TEST(ChatClient, NeedsAStamp) {
  EXPECT_THROW(find_protocol("chat").make_client({.payload = "hello"}), std::invalid_argument);
  EXPECT_THROW(find_protocol("chat").make_client({.payload_bytes = 16}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::protocols
