#pragma once

#include <algorithm>
#include <string>
#include <string_view>

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

  // Moves the first `most` bytes, or as many as there are, into `out`, whose contents are lost.
  void pop_front(std::size_t most, std::string& out) {
    out.assign(bytes_, begin_, most);
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

}  // namespace fanin::load
