#pragma once

#include <bitset>
#include <string_view>

namespace fanin {

// A set of HTTP status codes. A value; any thread.
class StatusSet {
 public:
  // From "200-399" or "200,204,300-399". Throws std::invalid_argument naming a part that is neither a code from 100 to
  // 999 nor a range of them.
  static StatusSet parse(std::string_view text);

  bool contains(unsigned status) const noexcept { return status < codes_.size() && codes_[status]; }

 private:
  std::bitset<1000> codes_;
};

}  // namespace fanin
