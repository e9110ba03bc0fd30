#include "loadgen/drivers/outbox.h"

#include <sys/socket.h>

namespace fanin::load {

Outbox::Outbox(const LoopContext& context, LinkTable& links, LoopClock& clock, IoDriver& io)
    : links_(links),
      clock_(clock),
      recorder_(context.recorder),
      io_(io),
      half_closes_(context.protocol.half_closes()),
      pacer_(context.share.connections, context.plan.send_bytes_per_s),
      unsent_(pacer_.active() ? context.share.connections : 0) {}

void Outbox::send_slowly(std::uint32_t index, std::string_view bytes) {
  unsent_[index].append(bytes);
  if (!pacer_.pauses(index)) {
    send_piece(index);
  }
}

void Outbox::send_piece(std::uint32_t index) {
  std::string& unsent = unsent_[index];
  piece_.assign(unsent, 0, pacer_.piece());  // a copy, since a failed send clears unsent
  unsent.erase(0, piece_.size());
  pacer_.begin_pause(index, clock_.now());
  send(index, piece_);
}

void Outbox::send_pieces() {
  while (const auto index = pacer_.end_pause(clock_.now())) {
    if (!unsent_[*index].empty()) {
      send_piece(*index);
    }
  }
}

void Outbox::post(std::uint32_t index, std::string_view bytes) {
  if (links_[index].busy) {
    keep_last(index, bytes);
  } else {
    io_.transmit(index, bytes, Lifetime::kTransient);
  }
}

void Outbox::keep_last(std::uint32_t index, std::string_view bytes) {
  waiting_[index].push_back(bytes);
  links_[index].waiting = true;
}

void Outbox::keep_first(std::uint32_t index, std::string_view bytes) {
  waiting_[index].push_front(bytes);
  links_[index].waiting = true;
}

// In pieces, so that the cost of moving waiting bytes stays linear.
void Outbox::sendable(std::uint32_t index) {
  Link& link = links_[index];
  link.busy = false;
  while (link.waiting && !link.busy) {
    WaitingBytes& waiting = waiting_[index];
    waiting.pop_front(kMaxSendBytes, piece_);
    if (waiting.empty()) {
      waiting_.erase(index);
      link.waiting = false;
    }
    clock_.read();
    io_.transmit(index, piece_, Lifetime::kTransient);
  }
}

void Outbox::all_sent(std::uint32_t index) noexcept {
  if (half_closes_ && !links_[index].waiting && !links_.is_idle(index) && (!paces() || unsent_[index].empty())) {
    ::shutdown(links_[index].fd, SHUT_WR);
  }
}

void Outbox::forget(std::uint32_t index) noexcept {
  Link& link = links_[index];
  if (link.waiting) {
    waiting_.erase(index);
  }
  if (index < unsent_.size()) {
    unsent_[index].clear();
  }
  link.waiting = false;
}

IdleTrickle::IdleTrickle(const LoopContext& context, const LinkTable& links, const LoopClock& clock, Outbox& outbox)
    : share_(context.share),
      protocol_(context.protocol),
      links_(links),
      clock_(clock),
      outbox_(outbox),
      verified_(context.plan.verify_idle),
      bytes_(context.share.idle, context.plan.trickle) {}

void IdleTrickle::send_due() {
  while (const auto byte = bytes_.next(clock_.now())) {
    const std::uint32_t index = links_.active() + byte->connection;
    if (links_[index].phase != Link::Phase::kUp) {
      continue;
    }
    protocols::ClientState state{.connection = share_.number(index), .sent = verified_ ? 1U : 0U};
    request_.clear();
    protocol_.append_request(state, request_);
    if (byte->number + 1 < request_.size()) {
      outbox_.send(index, std::string_view(request_).substr(byte->number, 1));
    }
  }
}

}  // namespace fanin::load
