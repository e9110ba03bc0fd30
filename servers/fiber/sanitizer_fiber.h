#pragma once

#include <cstddef>

#if defined(FANIN_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fanin::server {

// Annotations of stack switches for AddressSanitizer; empty in other builds. One per fiber. Call order: leave, arrive
// (in the fiber), leave_fiber, arrive_back. ThreadSanitizer gets none: it would count the functions of Boost.Context
// that a fiber passes at its end as left on the wrong stack. It sees one thread with odd call stacks, which is harmless
// while only one thread switches.
class SanitizerFiber {
 public:
#if defined(FANIN_ASAN)
  void leave(const void* bottom, std::size_t size) noexcept {
    ::__sanitizer_start_switch_fiber(&caller_fake_stack_, bottom, size);
  }
  void arrive() noexcept { ::__sanitizer_finish_switch_fiber(fake_stack_, &caller_bottom_, &caller_size_); }
  void leave_fiber(bool for_good) noexcept {
    ::__sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, caller_bottom_, caller_size_);
  }
  void arrive_back() noexcept { ::__sanitizer_finish_switch_fiber(caller_fake_stack_, nullptr, nullptr); }

 private:
  void* fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
#else
  void leave(const void* /*bottom*/, std::size_t /*size*/) noexcept {}
  void arrive() noexcept {}
  void leave_fiber(bool /*for_good*/) noexcept {}
  void arrive_back() noexcept {}
#endif
};

}  // namespace fanin::server
