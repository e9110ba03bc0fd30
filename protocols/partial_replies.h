#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin {

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

}  // namespace fanin
