// Connection over a socket pair, with sessions of the test: reads, sends, buffers and counts.
#include "servers/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

using Next = Connection::Next;
using Consume = std::function<protocols::ServerSession::Progress(std::string_view, protocols::ReplyBuffer&)>;

// Calls a function of the test.
class TestSession : public protocols::ServerSession {
 public:
  TestSession(Consume consume, std::string greeting) : consume_(std::move(consume)), greeting_(std::move(greeting)) {}
  void attach(protocols::Channel& own) override { channel = &own; }
  void start(protocols::ReplyBuffer& out) override { out.append(greeting_); }
  Progress consume(std::string_view input, protocols::ReplyBuffer& out) override { return consume_(input, out); }

  static inline protocols::Channel* channel = nullptr;  // that of the newest session

 private:
  Consume consume_;
  std::string greeting_;
};

protocols::ServerSession::Progress echo(std::string_view input, protocols::ReplyBuffer& out) {
  const std::size_t length = std::min(input.size(), out.room());
  out.append(input.substr(0, length));
  return {length, false};
}

// Answers one line per call, as a session with expensive requests does.
protocols::ServerSession::Progress echo_a_line(std::string_view input, protocols::ReplyBuffer& out) {
  return echo(input.substr(0, input.find('\n') + 1), out);
}

constexpr int kSmallBuffer = 4096;

// A server with one connection, whose peer is the other end of a socket pair. Neither end blocks.
class Served {
 public:
  explicit Served(Consume consume, ServerOptions options = {}, const std::string& greeting = "")
      : server(
            std::move(options), [=] { return std::make_unique<TestSession>(consume, greeting); }, false) {
    tally = Tally{};
    std::array<int, 2> ends{};
    net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), "socketpair");
    peer.reset(ends[1]);
    net::check(::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kSmallBuffer, sizeof kSmallBuffer), "SO_SNDBUF");
    connection.emplace(net::Descriptor(ends[0]), server);
  }

  void send(std::string_view bytes) const {
    ASSERT_EQ(::write(peer.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  // What has arrived at the peer.
  std::string receive() {
    std::array<char, 65536> room;
    std::string received;
    for (ssize_t length = 0; (length = ::read(peer.get(), room.data(), room.size())) >= 0;) {
      if (length == 0) {
        at_end = true;
        break;
      }
      received.append(room.data(), static_cast<std::size_t>(length));
    }
    return received;
  }

  Server server;
  net::Descriptor peer;
  std::optional<Connection> connection;
  bool at_end = false;  // of what the server sends
};

std::uint64_t counted(Count what) { return tally.counts[static_cast<std::size_t>(what)]; }

// Would catch: a fast peer gets more than one read per step.
TEST(Connection, ReadsUpToTheReadCapPerStep) {
  std::vector<std::string> inputs;
  Served served(
      [&](std::string_view input, protocols::ReplyBuffer& out) {
        inputs.emplace_back(input);
        return echo(input, out);
      },
      {.read_cap = 4});
  EXPECT_EQ(served.connection->start(), Next::kRead);
  served.send("0123456789");
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(served.connection->on_ready(), Next::kRead);
    EXPECT_FALSE(served.connection->would_block());
  }
  EXPECT_EQ(inputs, (std::vector<std::string>{"0123", "4567", "89"}));
  EXPECT_EQ(served.receive(), "0123456789");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_TRUE(served.connection->would_block());
  EXPECT_EQ(counted(Count::kBlockRecv), 1u);
}

// Would catch: the server reads input without limit while the peer reads no replies.
TEST(Connection, ReadsNothingWhileAReplyWaits) {
  std::size_t inputs = 0;
  Served served([&](std::string_view input, protocols::ReplyBuffer& out) {
    ++inputs;
    EXPECT_LE(out.room(), std::size_t{64} * 1024) << "the limit of unsent replies";
    out.append(std::string(out.room(), 'r'));
    return protocols::ServerSession::Progress{input.size(), false};
  });
  served.connection->start();
  served.send("a");
  ASSERT_EQ(served.connection->on_ready(), Next::kWrite);
  EXPECT_GT(served.connection->unsent().size(), 0u);
  served.send("b");
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(served.connection->on_ready(), Next::kWrite);
  }
  EXPECT_TRUE(served.connection->would_block());
  EXPECT_EQ(inputs, 1u);
  EXPECT_EQ(counted(Count::kCallRecv), 1u);
}

// Would catch: bytes of a long reply are lost, repeated or reordered after a partial send.
TEST(Connection, SendsALongReplyInPieces) {
  std::string reply;
  for (int i = 0; i < 40'000; ++i) {
    reply += std::to_string(i);
  }
  std::size_t done = 0;
  Served served([&](std::string_view input, protocols::ReplyBuffer& out) {
    const std::string_view part = std::string_view(reply).substr(done, out.room());
    out.append(part);
    done += part.size();
    return protocols::ServerSession::Progress{input.size(), done < reply.size()};
  });
  served.connection->start();
  served.send("a");
  std::string received;
  int steps = 0;
  for (Next next = served.connection->on_ready(); next == Next::kWrite && steps < 10'000; ++steps) {
    received += served.receive();
    next = served.connection->on_ready();
  }
  received += served.receive();
  EXPECT_EQ(received, reply);
  EXPECT_EQ(served.connection->next(), Next::kRead);
  EXPECT_GT(steps, 10);
  EXPECT_EQ(counted(Count::kBytesSent), reply.size());
}

// Would catch: a half-close ends the connection before the reply, or is not noticed after it.
TEST(Connection, AnswersBeforeItFollowsThePeersShutdown) {
  Served served(echo);
  served.connection->start();
  served.send("last");
  ::shutdown(served.peer.get(), SHUT_WR);
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "last");
  EXPECT_EQ(served.connection->on_ready(), Next::kClose);
  served.connection.reset();
  EXPECT_EQ(counted(Count::kClosedByPeer), 1u);
  EXPECT_EQ(counted(Count::kClosedOnError), 0u);
}

// Would catch: completion I/O drops a reply because the end of the stream completes first.
TEST(Connection, SendsWhatWaitsBeforeItFollowsThePeersShutdown) {
  Served served(echo);
  served.connection->start();
  EXPECT_EQ(served.connection->on_received("abc"), Next::kWrite);
  EXPECT_EQ(served.connection->on_end(0), Next::kWrite);
  EXPECT_EQ(served.connection->unsent(), "abc");
  EXPECT_EQ(served.connection->on_sent(1), Next::kWrite);
  EXPECT_EQ(served.connection->unsent(), "bc");
  EXPECT_EQ(served.connection->on_sent(2), Next::kClose);
  EXPECT_EQ(counted(Count::kClosedByPeer), 1u);
}

// Would catch: an error ends the server, is counted twice, or counts as an orderly end.
TEST(Connection, ClosesAndCountsAResetOnce) {
  Served reading(echo);
  reading.connection->start();
  reading.send("x");
  reading.connection->on_ready();
  reading.peer.reset();  // with the reply unread: the kernel resets
  EXPECT_EQ(reading.connection->on_ready(), Next::kClose);
  reading.connection.reset();
  EXPECT_EQ(counted(Count::kClosedOnError), 1u);
  EXPECT_EQ(counted(Count::kClosedByPeer), 0u);

  Served sending(echo);
  sending.connection->start();
  sending.send("x");
  sending.connection->fetch();
  sending.connection->work();
  sending.peer.reset();
  EXPECT_EQ(sending.connection->on_ready(), Next::kClose);
  sending.connection.reset();
  EXPECT_EQ(counted(Count::kClosedOnError), 1u);
}

// Would catch: the end of a connection that a model destroys during a reply is not counted.
TEST(Connection, CountsADestroyedOneAsAnError) {
  Served served(echo);
  served.connection->start();
  served.connection.reset();
  EXPECT_EQ(counted(Count::kClosedOnError), 1u);
}

// Would catch: a batch of expensive requests blocks the loop, is answered out of order, or is forgotten because no
// further input arrives.
TEST(Connection, AnswersADeferredBatchInSteps) {
  Served served(echo_a_line);
  served.connection->start();
  served.send("one\ntwo\nthree\n");
  EXPECT_EQ(served.connection->on_ready(), Next::kWrite);
  EXPECT_EQ(served.receive(), "one\n");
  served.send("four\n");
  EXPECT_EQ(served.connection->on_ready(), Next::kWrite);
  EXPECT_EQ(served.receive(), "two\n");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "three\n");
  EXPECT_EQ(counted(Count::kCallRecv), 1u) << "later input waits in the kernel";
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "four\n");
}

// The same with completion I/O, which cannot leave input in the kernel.
TEST(Connection, KeepsInputThatArrivesDuringABatch) {
  Served served(echo_a_line);
  served.connection->start();
  EXPECT_EQ(served.connection->on_received("one\ntwo\n"), Next::kWrite);
  EXPECT_EQ(served.connection->on_received("three\n"), Next::kWrite);
  EXPECT_EQ(served.connection->input_waiting(), std::string("two\nthree\n").size());
  std::string sent;
  for (Next next = Next::kWrite; next == Next::kWrite;) {
    const std::string unsent(served.connection->unsent());
    sent += unsent;
    next = served.connection->on_sent(unsent.size());
  }
  EXPECT_EQ(sent, "one\ntwo\nthree\n");
  EXPECT_EQ(served.connection->next(), Next::kRead);
}

// Would catch: a worker sends, so two threads use the socket.
TEST(Connection, WorksWithoutSending) {
  Served served(echo);
  served.connection->start();
  served.send("abc");
  EXPECT_EQ(served.connection->fetch(), Next::kWork);
  EXPECT_EQ(served.connection->work(), Next::kWrite);
  EXPECT_EQ(served.receive(), "");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "abc");
}

// Would catch: the greeting waits for input, or start() sends it, which may not block.
TEST(Connection, QueuesAGreeting) {
  Served served(echo, {}, "hello\n");
  EXPECT_EQ(served.connection->start(), Next::kWrite);
  EXPECT_EQ(served.receive(), "");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "hello\n");
}

// Would catch: close() with unread input resets the connection and discards the last reply; later input is answered;
// the end counts as the peer's.
TEST(Connection, EndsItsOutputAndWaitsForThePeer) {
  Served served([](std::string_view input, protocols::ReplyBuffer& out) {
    out.append("bye\n");
    out.close_when_sent();
    return protocols::ServerSession::Progress{input.size(), false};
  });
  served.connection->start();
  served.send("quit\n");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "bye\n");
  EXPECT_TRUE(served.at_end);
  served.send("more\n");
  EXPECT_EQ(served.connection->on_ready(), Next::kRead);
  EXPECT_EQ(served.receive(), "");
  served.peer.reset();
  EXPECT_EQ(served.connection->on_ready(), Next::kClose);
  served.connection.reset();
  EXPECT_EQ(counted(Count::kClosedByServer), 1u);
  EXPECT_EQ(counted(Count::kClosedByPeer), 0u);
  EXPECT_EQ(counted(Count::kClosedOnError), 0u);
}

// Would catch: a chat member that does not read blocks the sender, or stays connected with a gap in its stream.
TEST(Connection, CutsAPeerOffThatDoesNotReadPushedBytes) {
  Served served(echo);
  served.connection->start();
  int cut_off = -1;
  served.server.on_cut_off([&](int fd) { cut_off = fd; });
  TestSession::channel->push("short");
  EXPECT_EQ(served.receive(), "short");
  EXPECT_EQ(cut_off, -1);
  TestSession::channel->push(std::string(1 << 20, 'p'));
  EXPECT_EQ(cut_off, served.connection->fd());
  EXPECT_EQ(served.connection->on_ready(), Next::kClose);
}

// Runs `body` in a child process, since a stop cannot be undone.
void in_child(const std::function<void()>& body) {
  EXPECT_EXIT(
      {
        stop::install(std::chrono::hours(1));
        body();
        std::_Exit(testing::Test::HasFailure() ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

// Would catch: a stop drops input in the socket's buffer, or a peer delays it by sending more.
TEST(ConnectionDrain, AnswersWhatHasArrivedAndEnds) {
  in_child([] {
    Served served(echo, {.read_cap = 4});
    served.connection->start();
    served.send("0123456789");
    EXPECT_EQ(served.connection->on_ready(), Next::kRead);
    ::raise(SIGTERM);
    EXPECT_EQ(served.connection->on_ready(), Next::kRead);
    served.send("too late");
    EXPECT_EQ(served.connection->on_ready(), Next::kRead);
    const std::string received = served.receive();
    EXPECT_EQ(received.substr(0, 10), "0123456789");
    EXPECT_TRUE(served.at_end);
    EXPECT_EQ(counted(Count::kClosedByServer), 1u);
    EXPECT_EQ(served.connection->on_ready(), Next::kRead);
    EXPECT_EQ(served.receive(), "") << "not answered";
    served.peer.reset();
    while (served.connection->on_ready() != Next::kClose) {
    }
  });
}

// Would catch: a batch continues after the drain timeout.
TEST(ConnectionDrain, GivesADeferredBatchUpAfterTheTimeout) {
  in_child([] {
    Served served(echo_a_line);
    served.connection->start();
    served.send("one\ntwo\nthree\nfour\n");
    EXPECT_EQ(served.connection->on_ready(), Next::kWrite);
    ::raise(SIGTERM);
    EXPECT_EQ(served.connection->on_ready(), Next::kWrite);
    ::raise(SIGALRM);  // the drain timer
    EXPECT_EQ(served.connection->on_ready(), Next::kClose);
    EXPECT_EQ(served.receive(), "one\ntwo\nthree\n");
    served.connection.reset();
    EXPECT_EQ(counted(Count::kClosedOnError), 1u);
  });
}

}  // namespace
}  // namespace fanin::server
