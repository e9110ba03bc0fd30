#include "protocols/fuzz/fuzzing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "protocols/protocol_harness.h"

namespace fanin {
namespace {

constexpr std::size_t kUsualLimit = 65536;
constexpr std::size_t kChoices = 4;  // bytes at the end of the input

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

}  // namespace

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

void require(bool condition, const std::string& what) {
  if (!condition) {
    fmt::print(stderr, "fuzzing: {}\n", what);
    std::abort();
  }
}

void check_session(const SessionFactory& sessions, const FuzzedStream& stream,
                   const std::function<std::string(std::string)>& normal) {
  const SessionOutput whole = run_session(sessions(), {stream.whole}, kUsualLimit);
  require(whole.fault.empty(), whole.fault);
  const SessionOutput cut = run_session(sessions(), stream.parts, stream.limit);
  require(cut.fault.empty(), cut.fault);
  const std::string said = normal ? normal(whole.replies) : whole.replies;
  const std::string said_cut = normal ? normal(cut.replies) : cut.replies;
  require(said == said_cut, fmt::format("replies depend on the cut:\n{}\n--- and in parts:\n{}", said, said_cut));
  require(whole.server_closes == cut.server_closes, "the end depends on the cut");
}

void check_client(ClientProtocol& client, const FuzzedStream& stream, int requests) {
  const ClientRun whole = run(client, {stream.whole}, requests);
  const ClientRun cut = run(client, stream.parts, requests);
  require(whole == cut, fmt::format("{} replies, mismatch {}; in parts {} replies, mismatch {}", whole.completed,
                                    whole.mismatch, cut.completed, cut.mismatch));
}

}  // namespace fanin
