#include "loadgen/drivers/descriptor_table.h"

#include <sched.h>

#include <thread>

namespace fanin::load {

bool take_own_descriptor_table() noexcept {
#if defined(FANIN_TSAN)
  return false;  // ThreadSanitizer takes equal descriptor numbers of two threads for the same descriptor
#else
  return ::unshare(CLONE_FILES) == 0;
#endif
}

bool descriptor_tables_can_be_split() {
  bool split = false;
  std::thread([&split] { split = take_own_descriptor_table(); }).join();
  return split;
}

}  // namespace fanin::load
