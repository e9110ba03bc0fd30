#pragma once

#include <cstdint>
#include <string_view>

#include "protocols/splitmix.h"

namespace fanin {

// A hash of a request line, computed incrementally: FNV-1a with splitmix64's finalizer, so that lines that differ in
// one digit differ everywhere. Both halves of a protocol compute it, so its decisions are the same in every server
// model, thread and process. A value.
class LineHash {
 public:
  void add(std::string_view part) noexcept {
    for (const char c : part) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
  }

  std::uint64_t value() const noexcept { return splitmix_finish(state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace fanin
