// select-large: as `select`, with bitmaps of any length.
//
// Idea: The limit of 1024 is glibc's fd_set, not the kernel's: the system call takes as many bits as its first
//   argument says. The program allocates its own bitmaps in machine words and makes the call itself.
// Costs per call: as `select`, and unbounded: the kernel copies the bitmaps and checks every descriptor that is set,
//   busy or idle; the program checks every word.
// Requires: pselect6(2).
// Known limit: RLIMIT_NOFILE. The cost still grows with every connection: see the results.
// Try: fanin-server select-large --port 7000, then more than 1024 connections.
// Changes from `select`: fd_set is replaced; the loop is the same.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <ctime>
#include <vector>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// A descriptor set for the system call: bit n of the words, the lowest first.
class Bitmap {
 public:
  static constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;

  void resize(std::size_t descriptors) { words_.resize((descriptors + kWordBits - 1) / kWordBits); }
  void set(int fd, bool on) {
    unsigned long& word = words_[static_cast<std::size_t>(fd) / kWordBits];
    const unsigned long bit = 1ul << static_cast<std::size_t>(fd) % kWordBits;
    word = on ? word | bit : word & ~bit;
  }
  bool holds(int fd) const {
    return (words_[static_cast<std::size_t>(fd) / kWordBits] >> static_cast<std::size_t>(fd) % kWordBits & 1) != 0;
  }
  std::vector<unsigned long>& words() noexcept { return words_; }

 private:
  std::vector<unsigned long> words_;
};

class SelectLoop {
 public:
  explicit SelectLoop(Server& server) : server_(server), table_(server) {
    for (const Listener& listener : server_.listeners()) {
      watch(listener.fd(), Connection::Next::kRead);
    }
  }

  void run() {
    while (!table_.drained()) {
      readable_ = readers_;
      writable_ = writers_;
      const int timeout_ms = stop::wait_timeout_ms();
      timespec timeout{0, timeout_ms * 1'000'000L};
      const long ready = ::syscall(SYS_pselect6, end_, readable_.words().data(), writable_.words().data(), nullptr,
                                   timeout_ms < 0 ? nullptr : &timeout, nullptr);
      count_wait(static_cast<int>(ready));
      if (ready > 0) {
        dispatch();
      }
    }
  }

 private:
  void dispatch() {
    for (std::size_t i = 0; i < readable_.words().size(); ++i) {
      for (unsigned long ready = readable_.words()[i] | writable_.words()[i]; ready != 0; ready &= ready - 1) {
        const auto fd = static_cast<int>(i * Bitmap::kWordBits) + std::countr_zero(ready);
        if (Connection* connection = table_.find(fd)) {
          watch(fd, connection->on_ready());
        }
      }
    }
    // Last, so that no event of an old connection reaches a new one that reuses its number.
    for (Listener& listener : server_.listeners()) {
      if (readable_.holds(listener.fd())) {
        accept_from(listener);
      }
    }
  }

  void accept_from(Listener& listener) {
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](net::Descriptor socket) {
      if (const Connection* connection = table_.open(std::move(socket))) {
        watch(connection->fd(), connection->next());
      }
    };
    if (!accept_batch(listener, server_.options().accept_batch, open, serve)) {
      readers_.set(listener.fd(), false);
      table_.begin_drain();
    }
  }

  void watch(int fd, Connection::Next next) {
    if (fd >= end_) {
      end_ = fd + 1;
      readers_.resize(static_cast<std::size_t>(end_));
      writers_.resize(static_cast<std::size_t>(end_));
    }
    readers_.set(fd, next == Connection::Next::kRead);
    writers_.set(fd, next == Connection::Next::kWrite);
    if (next == Connection::Next::kClose) {
      table_.close(*table_.find(fd));
    }
  }

  Server& server_;
  ConnectionTable table_;
  Bitmap readers_;
  Bitmap writers_;
  Bitmap readable_;  // what the kernel marked
  Bitmap writable_;
  int end_ = 0;
};

void run(Server& server) {
  server.set_nonblocking();
  SelectLoop(server).run();
}

}  // namespace

extern const ServerModel kSelectLarge{.name = "select-large",
                                      .summary = "one thread, pselect6(2) with bitmaps of any length",
                                      .run = run,
                                      .family = "readiness",
                                      .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
