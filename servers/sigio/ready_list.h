#pragma once

#include <cstddef>
#include <vector>

namespace fanin::server {

// Descriptors to try in the loop's next round, each once however often it is marked. One thread.
class ReadyList {
 public:
  bool empty() const noexcept { return ready_.empty(); }

  void mark(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= is_marked_.size()) {
      is_marked_.resize(index + 1);
    }
    if (!is_marked_[index]) {
      is_marked_[index] = true;
      ready_.push_back(fd);
    }
  }

  // Calls `attempt(fd)` for the descriptors marked so far; those that it marks follow in the next round.
  template <typename Attempt>
  void take_turn(Attempt attempt) {
    turn_.swap(ready_);
    for (const int fd : turn_) {
      is_marked_[static_cast<std::size_t>(fd)] = false;
      attempt(fd);
    }
    turn_.clear();
  }

 private:
  std::vector<int> ready_;
  std::vector<int> turn_;
  std::vector<bool> is_marked_;  // by descriptor
};

}  // namespace fanin::server
