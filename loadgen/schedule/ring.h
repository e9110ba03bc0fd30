#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fanin::load {

// A FIFO queue of fixed capacity that allocates only at construction. One thread at a time.
template <typename Item>
class Ring {
 public:
  explicit Ring(std::size_t capacity)
      : items_(std::bit_ceil(capacity > 0 ? capacity : 1)), mask_(static_cast<std::uint32_t>(items_.size() - 1)) {}

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  const Item& front() const noexcept { return items_[head_ & mask_]; }  // precondition: not empty
  // Precondition: size() is below the capacity asked for. Restarts at the first item when empty, where the memory is
  // warm.
  void push(Item item) noexcept {
    head_ = empty() ? tail_ = 0 : head_;
    items_[tail_++ & mask_] = item;
  }
  Item pop() noexcept { return items_[head_++ & mask_]; }  // precondition: not empty

 private:
  std::vector<Item> items_;
  std::uint32_t mask_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
};

}  // namespace fanin::load
