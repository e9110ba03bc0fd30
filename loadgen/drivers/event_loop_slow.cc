// The part of an event loop that is slow on purpose: paced pieces, and single bytes on idle connections.
#include <algorithm>

#include "loadgen/drivers/event_loop.h"

namespace fanin::load {

void EventLoop::send_slowly(std::uint32_t index, std::string_view bytes) {
  unsent_[index].append(bytes);
  if (!sends_.pauses(index)) {
    send_piece(index);
  }
}

void EventLoop::send_piece(std::uint32_t index) {
  std::string& unsent = unsent_[index];
  piece_.assign(unsent, 0, sends_.piece());  // a copy, since a failed send clears unsent
  unsent.erase(0, piece_.size());
  sends_.begin_pause(index, now_);
  send(index, piece_, Lifetime::kTransient);
}

void EventLoop::keep_pace() {
  while (const auto index = sends_.end_pause(now_)) {
    if (!unsent_[*index].empty()) {
      send_piece(*index);
    }
  }
  while (const auto index = reads_.end_pause(now_)) {
    if (link(*index).connected()) {
      read_on(*index);
    }
  }
}

// The last byte of the request is never sent, so the server keeps waiting for it.
void EventLoop::trickle() {
  while (const auto turn = trickle_.next(now_)) {
    const std::uint32_t index = share_.connections + turn->connection;
    if (link(index).phase != Phase::kUp || pending_.contains(index)) {
      continue;
    }
    ClientState state{.connection = share_.first_idle + index, .sent = plan_.verify_idle ? 1U : 0U};
    request_.clear();
    protocol_.append_request(state, request_);
    if (turn->byte + 1 < request_.size()) {
      send(index, std::string_view(request_).substr(turn->byte, 1), Lifetime::kTransient);
    }
  }
}

}  // namespace fanin::load
