#include "servers/fiber/fiber.h"

namespace fanin::server {

void Fiber::resume() {
  sanitizer_.leave(stack_.bottom(), stack_.size());
  context_ = std::move(context_).resume();
  sanitizer_.arrive_back();
  if (ended_) {
    const std::exception_ptr error = error_;
    delete this;
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

void Fiber::suspend() {
  sanitizer_.leave_fiber(false);
  caller_ = std::move(caller_).resume();
  sanitizer_.arrive();
}

void Fiber::begin(boost::context::fiber&& caller) noexcept {
  sanitizer_.arrive();
  caller_ = std::move(caller);
}

boost::context::fiber Fiber::end() noexcept {
  ended_ = true;
  sanitizer_.leave_fiber(true);
  return std::move(caller_);
}

}  // namespace fanin::server
