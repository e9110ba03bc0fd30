#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin {

// What a client keeps of those replies that have come in part, beyond ClientState: a record for each such connection,
// and none for others, of which a run may hold a million. Memory is used again, so that in the long run none is taken.
// Whether there is one is for ClientState to say: what an earlier life of the connection has left counts for nothing.
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
  // The record as it was left; a new one where there is none, so that no server can have one read that is not there.
  Record& of(const ClientState& state) { return records_[state.connection]; }
  // The reply is whole, or of no more interest.
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

}  // namespace fanin
