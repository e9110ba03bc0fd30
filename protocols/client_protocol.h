#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fanin::protocols {

// The kind of a mismatch.
enum class Fault : std::uint8_t {
  kWrong,
  kTooLong,       // the reply exceeds the limit
  kPatternLimit,  // the pattern exceeds its step limit
  kGoodbye,       // unsolicited, and announces that the server closes
  kSpokeFirst,    // the connection has sent no request yet
  kUnasked,       // no request is outstanding
  kGoesOn,        // bytes after the end of the reply
  kOwnLine,       // a line of this connection that is not due
  kNotHttp,
  kHttpHeadTooLong,
  kHttpLengthTwice,
  kHttpLength,
  kHttpField,
  kHttpChunk,
  kHttpBody,  // differs from --expect-body or its pattern
};

// The text for messages, without the position.
std::string_view fault_text(Fault fault) noexcept;

// A wrong reply and the expected one. A value, made only when a connection breaks.
struct Mismatch {
  static constexpr std::size_t kShown = 64;  // bytes of each text, at most

  Fault fault = Fault::kWrong;
  std::string received;                 // empty: the end of the stream is the mismatch
  std::string expected;                 // empty: none is due, or its bytes are unknown
  std::optional<std::uint64_t> offset;  // of the first wrong byte in its reply, if known

  // `received` and `expected` both begin at byte `from` of a reply. The shown texts begin there too, or near the first
  // difference if that is far behind.
  static Mismatch between(std::string_view received, std::string_view expected, std::uint64_t from);
};

class ConnectionSetup;

// A client's state of one connection. Small: a run may have a million of them.
struct ClientState {
  std::uint32_t connection = 0;      // the connection's number, part of its requests
  std::uint32_t sent = 0;            // requests appended so far, modulo 2^32
  std::uint32_t completed = 0;       // replies verified so far, modulo 2^32
  std::uint32_t offset = 0;          // verified bytes of the current reply, or another mark of its start
  std::uint32_t prior_requests = 0;  // requests of earlier lives of the connection, modulo 2^32; used by a mix
};

// Why a complete reply fails its request.
enum Refusal : std::uint8_t { kNotRefused, kByStatus, kByBody };

// The outcome of received bytes, or of the end of the stream.
struct ReplyOutcome {
  std::uint32_t completed = 0;  // complete and correct replies
  // Received bytes that no correct server sends; the connection is unusable.
  bool mismatch = false;
  Refusal refused = kNotRefused;  // one more reply is complete and fails its request
  Fault fault = Fault::kWrong;    // the kind of mismatch
  bool closes = false;            // the connection ends with the last of these replies
  std::uint32_t status = 0;       // of the single reply, if the protocol has statuses
  // Number of bytes at the end of the input left for another call; for a mismatch: from the wrong piece on.
  std::uint32_t unread = 0;

  void set_mismatch(Fault what, std::size_t left) noexcept {
    mismatch = true;
    fault = what;
    unread = static_cast<std::uint32_t>(left);
  }

  // One correct reply and no other bytes: two comparisons for the usual outcome.
  bool is_one_reply() const noexcept { return is_one_reply(0); }
  bool is_one_reply(std::uint32_t with_status) const noexcept {
    using Words = std::array<std::uint64_t, 2>;
    return std::bit_cast<Words>(*this) == std::bit_cast<Words>(ReplyOutcome{.completed = 1, .status = with_status});
  }
};

// The client half of a protocol, without I/O: makes requests and verifies every byte of the replies, through any
// fragmentation. One object serves all connections of a thread and is used by that thread alone, so it may have counts
// and scratch memory; ClientState holds the state of a connection.
class ClientProtocol {
 public:
  ClientProtocol();
  virtual ~ClientProtocol();

  // Appends the next request of this connection to `out`.
  virtual void append_request(ClientState& state, std::string& out) = 0;
  // The next request of this connection, valid until the next call: saves a copy.
  virtual std::string_view next_request(ClientState& state) {
    std::string& request = next_slot();
    request.clear();
    append_request(state, request);
    return request;
  }
  // Keeps the last `requests` requests (at least 1) valid, so that they can be sent together.
  virtual void set_request_slots(std::size_t requests) { slots_.resize(requests); }

  // Bytes without an outstanding request are a mismatch, unless the protocol has unsolicited output.
  virtual ReplyOutcome consume(ClientState& state, std::string_view received) = 0;

  // Makes consume() take one reply per call, since another client may verify the next one.
  void take_replies_singly() noexcept { takes_replies_singly_ = true; }

  // As consume(), repeated for unread bytes; drops bytes after the end of the connection. Adds the outcomes up;
  // `refused` and `status` are those of the last reply.
  ReplyOutcome consume_all(ClientState& state, std::string_view received);

  // Describes a mismatch, or a wrong body, that the last consume() found in `received`. `state` is as that call left
  // it.
  virtual Mismatch describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const;

  // The peer has closed: completes a request if the protocol ends a reply that way, else a mismatch if one is open.
  virtual ReplyOutcome end_of_stream(ClientState& state) = 0;

  // The exchange of every connection before its first request; null: none.
  ConnectionSetup* setup() const noexcept { return setup_.get(); }
  void set_up_by(std::unique_ptr<ConnectionSetup> setup) noexcept;
  std::unique_ptr<ConnectionSetup> release_setup() noexcept;

  // One request per connection: its reply is complete when the server closes (greet, discard).
  virtual bool one_request_per_connection() const { return false; }
  // The client shuts its sending side down after the request (discard).
  virtual bool half_closes() const { return false; }
  // Some or all requests ask the server to close the connection after the reply.
  virtual bool asks_to_close() const { return false; }
  // Every reply has a status.
  virtual bool has_statuses() const { return false; }
  // Lines of other chat members received so far, on all connections; empty for other protocols.
  virtual std::optional<std::uint64_t> lines_of_others() const { return std::nullopt; }
  // Bytes that one request puts on the wire.
  virtual std::size_t request_bytes() const = 0;

 protected:
  // The next bytes of the reply that is due, as many as are compared at once; empty: unknown.
  virtual std::string expected(const ClientState& /*state*/) const { return {}; }
  // Counts a complete reply, behind which `left` bytes were received. True: return `outcome`, they are for another
  // call.
  bool complete_reply(ClientState& state, ReplyOutcome& outcome, std::size_t left) const noexcept {
    state.offset = 0;
    ++state.completed;
    ++outcome.completed;
    outcome.unread = takes_replies_singly_ ? static_cast<std::uint32_t>(left) : 0;
    return takes_replies_singly_;
  }
  // The slot of the next request, with old contents.
  std::string& next_slot() noexcept {
    slot_ = slot_ + 1 < slots_.size() ? slot_ + 1 : 0;
    return slots_[slot_];
  }

 private:
  std::unique_ptr<ConnectionSetup> setup_;
  std::vector<std::string> slots_{1};
  std::size_t slot_ = 0;
  bool takes_replies_singly_ = false;
};

// The exchange of a connection before its first request: a greeting of the server, and a message with its reply. Each
// step is a client; that of a greeting has an empty request. Without I/O; one object serves all connections of a
// thread, with one ClientState per connection for it alone.
class ConnectionSetup {
 public:
  enum class Progress : std::uint8_t { kWaiting, kNextStep, kDone, kFailed };

  // At least one step.
  explicit ConnectionSetup(std::vector<std::unique_ptr<ClientProtocol>> steps);

  // The bytes to send, at the start and after each kNextStep; empty if the server speaks first.
  std::string_view next_request(ClientState& state);
  // kFailed: the reply is wrong or too long.
  Progress consume(ClientState& state, std::string_view received);
  // Describes `received`, which has just failed.
  Mismatch describe(const ClientState& state, std::string_view received) const;

 private:
  std::vector<std::unique_ptr<ClientProtocol>> steps_;
  ReplyOutcome failed_;  // the last failed outcome
};

// A client's records of incomplete replies, beyond ClientState: one per such connection, and none for others, of which
// a run may have a million. Memory is reused, so a long run allocates none. ClientState says whether a record is valid:
// records of an earlier life of the connection are not.
template <typename Record>
class PartialReplies {
 public:
  // A new record.
  Record& begin(const ClientState& state) {
    end(state);
    if (spare_.empty()) {
      return records_[state.connection];
    }
    auto node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = state.connection;
    node.mapped() = {};
    return records_.insert(std::move(node)).position->second;
  }
  // The existing record, or a new one, so that no server can cause a read of a missing record.
  Record& get(const ClientState& state) { return records_[state.connection]; }
  // The reply is complete or of no interest.
  void end(const ClientState& state) {
    if (auto node = records_.extract(state.connection)) {
      spare_.push_back(std::move(node));
    }
  }

 private:
  using Records = std::unordered_map<std::uint32_t, Record>;

  Records records_;
  std::vector<typename Records::node_type> spare_;
};

}  // namespace fanin::protocols
