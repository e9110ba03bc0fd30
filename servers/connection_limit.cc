#include "servers/connection_limit.h"

#include <sys/mman.h>

#include <new>

#include "net/descriptor.h"
#include "servers/counters.h"

namespace fanin::server {

ConnectionLimit::ConnectionLimit(std::size_t limit, int workers)
    : limit_(limit), counts_(nullptr, Unmap{1 + static_cast<std::size_t>(workers)}) {
  const std::size_t words = counts_.get_deleter().words;
  void* memory = ::mmap(nullptr, words * sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw_errno("cannot map memory for the limit of connections");
  }
  counts_.reset(new (memory) std::atomic<std::size_t>[words] {});
}

void ConnectionLimit::Unmap::operator()(std::atomic<std::size_t>* counts) const noexcept {
  ::munmap(counts, words * sizeof(std::atomic<std::size_t>));
}

bool ConnectionLimit::enter(int worker) noexcept {
  if (limit_ == 0) {
    return true;
  }
  if (counts_[0].fetch_add(1) >= limit_) {
    counts_[0].fetch_sub(1);
    count(Count::kRefusedMaxConnections);
    return false;
  }
  counts_[1 + static_cast<std::size_t>(worker)].fetch_add(1);
  return true;
}

void ConnectionLimit::leave(int worker) noexcept {
  if (limit_ > 0) {
    counts_[1 + static_cast<std::size_t>(worker)].fetch_sub(1);
    counts_[0].fetch_sub(1);
  }
}

void ConnectionLimit::forget(int worker) noexcept {
  counts_[0].fetch_sub(counts_[1 + static_cast<std::size_t>(worker)].exchange(0));
}

}  // namespace fanin::server
