#pragma once

#include <cstddef>
#include <vector>

namespace fanin::server {

// A value for each descriptor, default at first. Grows up to the highest descriptor used. One thread.
template <typename Value>
class DescriptorTable {
 public:
  // Invalidates references to other values.
  typename std::vector<Value>::reference operator[](int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= values_.size()) {
      values_.resize(index + 1);
    }
    return values_[index];
  }

 private:
  std::vector<Value> values_;
};

// Descriptors to try in the loop's next round, each once however often it is marked. One thread.
class ReadyList {
 public:
  bool empty() const noexcept { return ready_.empty(); }
  bool is_marked(int fd) { return is_marked_[fd]; }

  void mark(int fd) {
    if (!is_marked_[fd]) {
      is_marked_[fd] = true;
      ready_.push_back(fd);
    }
  }

  // Calls `attempt(fd)` for the descriptors marked so far; those that it marks follow in the next round.
  template <typename Attempt>
  void try_marked(Attempt attempt) {
    round_.swap(ready_);
    for (const int fd : round_) {
      is_marked_[fd] = false;
      attempt(fd);
    }
    round_.clear();
  }

 private:
  std::vector<int> ready_;
  std::vector<int> round_;
  DescriptorTable<bool> is_marked_;
};

}  // namespace fanin::server
