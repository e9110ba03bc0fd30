#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "loadgen/records/histogram.h"

namespace fanin::load {

// The kernel's times of sends and receives, compared with the generator's clock. All threads merged.
struct StampRecords {
  Histogram read_lag;           // from the kernel's receipt of a reply until the generator saw it
  Histogram service;            // from the kernel's send of a request until its receipt of the reply
  std::uint64_t unstamped = 0;  // replies of the window that came without a stamp

  void merge(const StampRecords& other) noexcept;
};

// Kernel timestamps (SO_TIMESTAMPING, software) of the TCP connections of one event loop. Stamps use the wall clock, so
// differences are taken only between stamps and wall clock readings. Used by one thread.
class KernelStamps {
 public:
  // `sends`: requests have stamps too. The kernel keeps one at a time, so only without pipelining.
  KernelStamps(std::uint32_t connections, bool sends) : sent_(sends ? connections : 0) {}

  // Asks for the stamps of a connection that is up. Where the kernel refuses, its replies count as unstamped.
  void ask(std::uint32_t connection, int fd) noexcept;
  // Reads the stamp of the last send. Over loopback it exists when send() returns.
  void sent(std::uint32_t connection, int fd) noexcept;
  // recv() that also keeps the stamp of the last bytes.
  ssize_t receive(int fd, void* buffer, std::size_t size) noexcept;
  // The bytes that receive() took completed replies of the window.
  void replied(std::uint32_t connection) noexcept;

  const StampRecords& records() const noexcept { return records_; }

 private:
  Nanoseconds received_{0};  // by the kernel, the bytes last taken; 0: without a stamp
  Nanoseconds seen_{0};      // by this program
  std::vector<Nanoseconds> sent_;
  StampRecords records_;
};

}  // namespace fanin::load
