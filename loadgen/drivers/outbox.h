#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "loadgen/drivers/io_driver.h"
#include "loadgen/drivers/loop_clock.h"
#include "loadgen/drivers/loop_context.h"
#include "loadgen/schedule/connection_record.h"
#include "loadgen/schedule/pacing.h"

namespace fanin::load {

// The bytes of one connection that its socket does not take yet, in sending order. The amortised cost per byte is
// constant.
class WaitingBytes {
 public:
  bool empty() const noexcept { return begin_ == bytes_.size(); }

  void push_back(std::string_view bytes) { bytes_.append(bytes); }

  // Puts back the unsent part of what pop_front() removed.
  void push_front(std::string_view bytes) {
    if (bytes.size() > begin_) {
      bytes_.insert(begin_, bytes.size() - begin_, '\0');
      begin_ = bytes.size();
    }
    begin_ -= bytes.size();
    bytes.copy(bytes_.data() + begin_, bytes.size());
  }

  // Moves the first bytes, at most `max`, into `out`, whose contents are lost.
  void pop_front(std::size_t max, std::string& out) {
    out.assign(bytes_, begin_, max);
    begin_ += out.size();
    if (begin_ > bytes_.size() / 2) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
  }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;  // bytes before it are sent
};

// Sends the bytes of the connections of an event loop: at once, as paced pieces of slow senders, or when the socket has
// room. Owned by the EventLoop; one thread.
class Outbox {
 public:
  // All arguments must outlive this.
  Outbox(const LoopContext& context, LinkTable& links, LoopClock& clock, IoDriver& io);

  // Sends the bytes of a request at `at` on the connection of `link`. `io` is the loop's driver, by its own type where
  // that is known: calls are then inline.
  template <typename Io>
  [[gnu::always_inline]] void send(Io& io, std::uint32_t index, const Link& link, std::string_view bytes,
                                   Lifetime lifetime, TimePoint at) {
    if (recorder_.counts(at)) {
      recorder_.bytes_sent(bytes.size());
    }
    if (link.busy) {
      keep_last(index, bytes);
    } else {
      io.transmit(index, bytes, lifetime);
    }
  }
  void send(std::uint32_t index, std::string_view bytes) {
    send(io_, index, links_[index], bytes, Lifetime::kTransient, clock_.now());
  }
  // The same for bytes that are not counted.
  void post(std::uint32_t index, std::string_view bytes);

  // Whether senders are slow: their requests go to send_slowly().
  bool paces() const noexcept { return pacer_.active(); }
  void send_slowly(std::uint32_t index, std::string_view bytes);
  // Sends the pieces that are due.
  void send_pieces();
  TimePoint next_piece() const noexcept { return pacer_.next_end(); }

  // Called by the driver: the socket took only a part, has room, or has taken all that was given to transmit().
  void keep_first(std::uint32_t index, std::string_view bytes);  // before what waits already
  void sendable(std::uint32_t index);
  void all_sent(std::uint32_t index) noexcept;  // needed only if it half_closes()
  bool half_closes() const noexcept { return half_closes_; }

  // The connection is closed next.
  void forget(std::uint32_t index) noexcept;

 private:
  void keep_last(std::uint32_t index, std::string_view bytes);
  void send_piece(std::uint32_t index);

  LinkTable& links_;
  LoopClock& clock_;
  Recorder& recorder_;
  IoDriver& io_;
  const bool half_closes_;
  std::unordered_map<std::uint32_t, WaitingBytes> waiting_;  // of busy links
  Pacer pacer_;
  std::vector<std::string> unsent_;  // of active connections, where senders are slow
  std::string piece_;                // the piece being sent
};

// Sends one byte after the other of a request on each idle connection. The last byte is never sent, so the server keeps
// waiting for it. Owned by the EventLoop; one thread.
class IdleTrickle {
 public:
  // All arguments must outlive this.
  IdleTrickle(const LoopContext& context, const LinkTable& links, const LoopClock& clock, Outbox& outbox);

  void start(TimePoint at) noexcept { bytes_.start(at); }
  void send_due();

 private:
  const Share& share_;
  protocols::ClientProtocol& protocol_;
  const LinkTable& links_;
  const LoopClock& clock_;
  Outbox& outbox_;
  const bool verified_;  // each has already sent a request
  Trickle bytes_;
  std::string request_;
};

}  // namespace fanin::load
