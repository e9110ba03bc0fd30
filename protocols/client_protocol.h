#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/mismatch.h"

namespace fanin {

class ConnectionSetup;

// What a client remembers of one connection. Kept small: a run may hold a million of them.
struct ClientState {
  std::uint32_t connection = 0;  // the connection's number; part of what a request carries
  std::uint32_t sent = 0;        // requests appended so far, modulo 2^32
  std::uint32_t completed = 0;   // replies verified so far, modulo 2^32
  std::uint32_t offset = 0;      // of the current reply, bytes that are verified, or whatever says that it has begun
  std::uint32_t prior_requests = 0;  // requests of earlier lives of the connection, modulo 2^32: of use to a mix alone
};

// What makes a whole reply one that says no.
enum Refusal : std::uint8_t { kNotRefused, kByStatus, kByBody };

// What received bytes, or the end of the stream, amounted to.
struct ReplyOutcome {
  std::uint32_t completed = 0;  // replies that are now whole and right
  // Something arrived that no server of this protocol would send; the connection is of no more use.
  bool mismatch = false;
  Refusal refused = kNotRefused;  // after those, one more reply is whole that says no: its request failed
  Fault fault = Fault::kWrong;    // what makes it a mismatch
  bool closes = false;            // the connection ends with the last of these replies, whatever else has arrived
  std::uint32_t status = 0;       // of the one reply, where the protocol has such a thing
  // As many bytes at the end of what was received are for another call; of a mismatch: are from the piece on that is
  // wrong.
  std::uint32_t unread = 0;

  void set_mismatch(Fault what, std::size_t left) noexcept {
    mismatch = true;
    fault = what;
    unread = static_cast<std::uint32_t>(left);
  }

  // One reply that is right, and no other bytes: found out in two comparisons, as nearly every outcome is that.
  bool is_one_reply() const noexcept { return is_one_reply(0); }
  bool is_one_reply(std::uint32_t with_status) const noexcept {
    using Words = std::array<std::uint64_t, 2>;
    return std::bit_cast<Words>(*this) == std::bit_cast<Words>(ReplyOutcome{.completed = 1, .status = with_status});
  }
};

// The client's half of a protocol, without I/O: makes requests and verifies every byte of the replies, through any
// fragmentation. One object serves all connections of a thread and is used by that thread alone, so it may keep counts
// and scratch; what it remembers of a connection is in ClientState.
class ClientProtocol {
 public:
  ClientProtocol();
  virtual ~ClientProtocol();

  // Appends the next request of this connection to `out`.
  virtual void append_request(ClientState& state, std::string& out) = 0;
  // The next request of this connection, which stays as it is until the next one is asked for: spares a copy.
  virtual std::string_view next_request(ClientState& state) {
    std::string& request = next_slot();
    request.clear();
    append_request(state, request);
    return request;
  }
  // From now on the last `requests` of them (1 or more) stay as they are, so that they can be sent together.
  virtual void set_request_slots(std::size_t requests) { slots_.resize(requests); }

  // Bytes that come while no request waits for a reply are a mismatch, unless the protocol lets the server speak
  // unasked.
  virtual ReplyOutcome consume(ClientState& state, std::string_view received) = 0;

  // From now on consume() takes one reply at a time, since the next may be for another client to verify.
  void take_replies_singly() noexcept { takes_replies_singly_ = true; }

  // As consume(), called again for what is unread; the bytes after the end of the connection are dropped. The outcomes
  // are added up, `refused` says how the last one was that was, and `status` is that of the last reply.
  ReplyOutcome consume_all(ClientState& state, std::string_view received);

  // What is to be told of a mismatch, or of a body that was not as it should be, that the last call of consume() made
  // of `received`. `state` is as that call left it.
  virtual Mismatch describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const;

  // The peer has closed: completes a request where the protocol ends a reply that way, else a mismatch if one is open.
  virtual ReplyOutcome end_of_stream(ClientState& state) = 0;

  // What every connection exchanges before its first request; null: nothing.
  ConnectionSetup* setup() const noexcept { return setup_.get(); }
  void set_up_by(std::unique_ptr<ConnectionSetup> setup) noexcept;
  std::unique_ptr<ConnectionSetup> release_setup() noexcept;

  // One request makes one connection: its reply is complete when the server closes (greet, discard).
  virtual bool one_request_per_connection() const { return false; }
  // The client shuts its sending side down after the request (discard).
  virtual bool half_closes() const { return false; }
  // A request asks the server to close the connection after its reply; so do some, or all, of a mix.
  virtual bool asks_to_close() const { return false; }
  // Every reply has a status.
  virtual bool has_statuses() const { return false; }
  // Lines that other members of a chat said and that came so far, on all connections; nothing where there are none.
  virtual std::optional<std::uint64_t> lines_of_others() const { return std::nullopt; }
  // Bytes that one request puts on the wire.
  virtual std::size_t request_bytes() const = 0;

 protected:
  // The bytes that the reply which is due goes on with, as many as are compared with at once; empty: not known.
  virtual std::string expected(const ClientState& /*state*/) const { return {}; }
  bool takes_replies_singly() const noexcept { return takes_replies_singly_; }
  // Where the next of the requests that are kept has its place; what is there is of no more use.
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

}  // namespace fanin
