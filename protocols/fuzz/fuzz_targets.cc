// The fuzz targets. FANIN_FUZZ_TARGET names the one that a program runs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/client_protocol.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols::fuzzing {

constexpr std::size_t kUsualLimit = 65536;
constexpr std::size_t kChoices = 4;  // bytes at the end of the input

// The fuzz input: the stream, then choices for cutting and buffering. The choices are at the end, so that a seed is a
// plain file.
struct FuzzedStream {
  std::string_view whole;
  std::vector<std::string_view> parts;  // `whole`, cut
  std::size_t limit = 1;                // of the reply buffer
  std::uint8_t choice = 0;              // free for the target
};

FuzzedStream fuzzed_stream(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  FuzzedStream stream;
  stream.whole = input.substr(0, size - std::min(size, kChoices));
  std::uint8_t choices[kChoices] = {0, 64, 100, 0};
  for (std::size_t i = 0; i < std::min(size, kChoices); ++i) {
    choices[i] = data[size - 1 - i];
  }
  stream.choice = choices[0];
  stream.limit = choices[1] < 200 ? choices[1] + 1U : kUsualLimit;
  // Parts of pseudo-random lengths, mostly short: every position becomes a boundary.
  std::uint32_t state = 256U * choices[2] + choices[3] + 1U;
  for (std::size_t at = 0; at < stream.whole.size();) {
    state = state * 1664525U + 1013904223U;
    const std::size_t length = 1 + (state >> 24) % (1U + choices[2]);
    stream.parts.push_back(stream.whole.substr(at, length));
    at += length;
  }
  return stream;
}

// Aborts with a message, which libFuzzer reports with the input.
void require(bool condition, const std::string& what) {
  if (!condition) {
    fmt::print(stderr, "fuzzing: {}\n", what);
    std::abort();
  }
}

// A session obeys the rules of ServerSession and has the same output for any cuts and any reply buffer. `normal`
// removes what may differ.
void check_session(const SessionFactory& sessions, const FuzzedStream& stream,
                   const std::function<std::string(std::string)>& normal = {}) {
  const SessionOutput whole = run_session(sessions(), {stream.whole}, kUsualLimit);
  require(whole.fault.empty(), whole.fault);
  const SessionOutput cut = run_session(sessions(), stream.parts, stream.limit);
  require(cut.fault.empty(), cut.fault);
  const std::string said = normal ? normal(whole.replies) : whole.replies;
  const std::string said_cut = normal ? normal(cut.replies) : cut.replies;
  require(said == said_cut, fmt::format("replies depend on the cut:\n{}\n--- and in parts:\n{}", said, said_cut));
  require(whole.server_closes == cut.server_closes, "the end depends on the cut");
}

struct ClientRun {
  std::uint32_t completed = 0;
  std::uint32_t refused = 0;
  bool mismatch = false;
  bool closes = false;

  bool operator==(const ClientRun&) const = default;
};

ClientRun run(ClientProtocol& client, const std::vector<std::string_view>& parts, int requests) {
  ClientState state{.connection = 7};
  std::string sent;
  for (int i = 0; i < requests; ++i) {
    client.append_request(state, sent);
  }
  ClientRun result;
  const auto add = [&](const ReplyOutcome& outcome) {
    result.completed += outcome.completed;
    result.refused += outcome.refused ? 1 : 0;
    result.mismatch |= outcome.mismatch;
    result.closes |= outcome.closes;
    require(state.completed == result.completed + result.refused, "the state counts other replies than the outcomes");
    require(state.completed <= state.sent, "more replies than requests");
  };
  for (const std::string_view part : parts) {
    std::size_t unread = part.size();
    do {
      const ReplyOutcome outcome = client.consume(state, part.substr(part.size() - unread));
      require(outcome.mismatch || outcome.unread < std::max<std::size_t>(unread, 1), "a call that takes nothing");
      unread = outcome.unread;
      add(outcome);
      if (result.mismatch || result.closes) {
        return result;
      }
    } while (unread > 0);
  }
  add(client.end_of_stream(state));
  return result;
}

// A client that has sent `requests` counts the same replies and finds the same fault for any cuts.
void check_client(ClientProtocol& client, const FuzzedStream& stream, int requests) {
  const ClientRun whole = run(client, {stream.whole}, requests);
  const ClientRun cut = run(client, stream.parts, requests);
  require(whole == cut, fmt::format("{} replies, mismatch {}; in parts {} replies, mismatch {}", whole.completed,
                                    whole.mismatch, cut.completed, cut.mismatch));
}

SessionFactory make_sessions() {
  static const ScratchDirectory root;
  root.write("index.html", "hello");
  root.write("a.txt", "abcdefghij");
  root.make_directory("sub");
  root.write("sub/index.html", "below");
  root.write("long", std::string(300'000, 'x'));  // sent through its descriptor
  root.link("/etc/passwd", "out");
  return find_protocol("http").make_sessions({.root = root.path("")});
}

std::string without_dates(std::string text) {
  constexpr std::size_t kDateLength = 37;
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    text.erase(at, kDateLength);
  }
  require(text.find("root:") == std::string::npos, "a file from outside the document root");
  return text;
}

// The server half of http, over a small document root.
void http_server(const FuzzedStream& stream) {
  static const SessionFactory sessions = make_sessions();
  check_session(sessions, stream, without_dates);
}

// The client half of http.
void http_client(const FuzzedStream& stream) {
  static const auto client = find_protocol("http").make_client({});
  check_client(*client, stream, stream.choice % 8);
}

// The server halves that read lines; the last byte of the input selects one.
void line_servers(const FuzzedStream& input) {
  static const std::array<SessionFactory, 6> servers{
      find_protocol("upper").make_sessions({}),
      find_protocol("upper").make_sessions({.suffix = "-suffix"}),
      find_protocol("goodbye").make_sessions({.reply = ""}),
      find_protocol("work").make_sessions({.work = net::Nanoseconds(1), .work_share = 0.5}),
      find_protocol("bulk").make_sessions({.reply_bytes = 77}),
      find_protocol("chat").make_sessions({}),
  };
  FuzzedStream stream = input;
  stream.limit += 16;  // a reply line has to fit as a whole
  check_session(servers[stream.choice % servers.size()], stream);
}

// The client halves except http's; the last byte of the input selects one.
void clients(const FuzzedStream& stream) {
  static const std::array<std::unique_ptr<ClientProtocol>, 6> halves{
      find_protocol("raw").make_client({.request = "x", .reply_delimiter = "\r\n"}),
      find_protocol("raw").make_client({.request = "x", .reply_delimiter = "aabaa"}),
      find_protocol("echo").make_client({.payload_bytes = 3}),
      find_protocol("upper").make_client({.payload_bytes = 8, .suffix = "!"}),
      find_protocol("bulk").make_client({.payload_bytes = 2, .reply_bytes = 3}),
      find_protocol("chat").make_client({.payload_bytes = 18}),
  };
  check_client(*halves[stream.choice % halves.size()], stream, 1 + stream.choice / 64);
}

// The client half of raw with a length or a pattern; the last byte of the input selects one.
void raw_clients(const FuzzedStream& stream) {
  static const std::array<std::unique_ptr<ClientProtocol>, 5> halves{
      find_protocol("raw").make_client({.request = "x", .reply_bytes = 3}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "a+b|(?<=cd)e", .reply_limit = 7}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "^(\\+.*|[$]-1)\r\n", .reply_limit = 20}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "(ab)+(?=c)"}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "(.)(.)\\1\\2", .expect = "abab"}),
  };
  check_client(*halves[stream.choice % halves.size()], stream, 1 + stream.choice / 64);
}

}  // namespace fanin::protocols::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fanin::protocols::fuzzing::FANIN_FUZZ_TARGET(fanin::protocols::fuzzing::fuzzed_stream(data, size));
  return 0;
}
