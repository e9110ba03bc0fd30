#include "servers/fiber/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

namespace fanin::server {
namespace {

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

std::optional<Stack> Stack::make(std::size_t bytes) noexcept {
  const std::size_t page = page_bytes();
  const std::size_t rounded = (bytes + page - 1) / page * page;
  void* memory =
      ::mmap(nullptr, page + rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) {
    return std::nullopt;
  }
  Stack stack(static_cast<char*>(memory), rounded);
  if (::mprotect(memory, page, PROT_NONE) < 0) {  // splits the mapping: vm.max_map_count may not allow that
    return std::nullopt;
  }
  return stack;
}

Stack::~Stack() {
  if (mapping_ != nullptr) {
    ::munmap(mapping_, page_bytes() + bytes_);
  }
}

const void* Stack::bottom() const noexcept { return mapping_ + page_bytes(); }

boost::context::preallocated Stack::borrowed() const noexcept {
  boost::context::stack_context context;
  context.sp = mapping_ + page_bytes() + bytes_;
  context.size = bytes_;
  return {context.sp, bytes_, context};
}

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
