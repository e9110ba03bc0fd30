// fanin-guest: the init of the guests that `fanin kernels` boots. It is static, so it needs nothing but a kernel.
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/guest/debug_port.h"
#include "harness/guest/guest_cell.h"
#include "harness/guest/guest_plan.h"
#include "harness/guest/guest_system.h"
#include "ledger/marker.h"

namespace fanin::guest {
namespace {

constexpr int kBadInput = 2;
constexpr time_t kSettlingTime = 5;  // seconds, for kernel threads that begin at boot; idle time is nearly free

void say_hello() {
  utsname names{};
  ::uname(&names);
  const nlohmann::json hello{
      {"release", names.release}, {"version", names.version}, {"page_bytes", ::sysconf(_SC_PAGESIZE)}};
  send_frame(FrameType::kHello, kNoCell, hello.dump());
}

// The plugin's count of a stretch can be compared with the clock, which counts the same instructions. System calls and
// branches are in it, so that a plugin that counts only user code, or whole blocks, differs.
void check_count() {
  constexpr int kSteps = 100'000;
  constexpr int kStepsPerCall = 1'000;
  volatile int sum = 0;
  ledger::mark<ledger::Marker::kCheckBegins>();
  const std::uint64_t began = __rdtsc();
  for (int step = 0; step < kSteps; ++step) {
    sum = sum + (step % kStepsPerCall == 0 ? ::getppid() : step);
  }
  const std::uint64_t ended = __rdtsc();
  ledger::mark<ledger::Marker::kCheckEnds>();
  send_frame(FrameType::kCheck, kNoCell, std::to_string(ended - began));
}

void follow_plan() {
  prepare_system();
  const GuestPlan plan = parse_plan(read_whole(kPlanPath));
  set_sysctls(plan.sysctls);
  say_hello();
  if (plan.sends_symbols) {
    send_frame(FrameType::kSymbols, kNoCell, read_whole("/proc/kallsyms"));
  }
  send_frame(FrameType::kCatalogue, kNoCell, run_and_read({kServerPath, "list", "--json"}));
  const timespec settle{kSettlingTime, 0};
  ::nanosleep(&settle, nullptr);
  check_count();
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    run_cell(plan.cells[i], static_cast<std::uint32_t>(i));
  }
  if (!plan.run.empty()) {
    run_suite(plan.run);
  }
  send_frame(FrameType::kBye, kNoCell, "");
}

}  // namespace
}  // namespace fanin::guest

int main() {
  if (::getpid() != 1) {  // it would kill all processes
    std::fputs("fanin-guest: is the init of a guest: 'fanin kernels' starts it\n", stderr);
    return fanin::guest::kBadInput;
  }
  try {
    fanin::guest::follow_plan();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fanin-guest: %s\n", error.what());
    fanin::guest::send_frame(fanin::guest::FrameType::kError, fanin::guest::kNoCell, error.what());
  }
  fanin::guest::power_off();
}
