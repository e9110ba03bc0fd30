#include "harness/kernels/guest_boot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "harness/rounds/server_under_test.h"
#include "os/child_process.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kConsoleLines = 100;  // a panic with its call trace
constexpr net::Nanoseconds kLookInterval = std::chrono::seconds(1);
constexpr net::Nanoseconds kKillTimeout = std::chrono::seconds(5);

std::string last_lines(const std::string& text) {
  std::deque<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    line.erase(std::remove(line.begin(), line.end(), '\r'), line.end());
    lines.push_back(std::move(line));
    if (lines.size() > kConsoleLines) {
      lines.pop_front();
    }
  }
  std::string tail;
  for (const std::string& line : lines) {
    tail += line + "\n";
  }
  return tail;
}

// The line that says why the kernel gave up; empty: none.
std::string find_panic(const std::string& console) {
  const auto at = console.find("Kernel panic - not syncing");
  return at == std::string::npos ? "" : console.substr(at, console.find_first_of("\r\n", at) - at);
}

std::uintmax_t size_of(const std::string& path) {
  std::error_code absent;
  const std::uintmax_t size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

// A comma of a path would end an option of QEMU.
std::string double_commas(std::string text) {
  for (auto at = text.find(','); at != std::string::npos; at = text.find(',', at + 2)) {
    text.insert(at, 1, ',');
  }
  return text;
}

// A QEMU under way.
struct Running {
  std::size_t index;
  std::unique_ptr<os::ChildProcess> process;
  std::uintmax_t heard = 0;  // bytes
  net::TimePoint heard_at = net::now();

  // Whether the guest has said nothing for longer than its limit.
  bool is_silent(const GuestBoot& boot) {
    const std::uintmax_t bytes = size_of(boot.frames_file()) + size_of(boot.console_file());
    if (bytes != heard) {
      heard = bytes;
      heard_at = net::now();
    }
    return net::now() - heard_at > boot.silence_limit;
  }
};

BootResult collect(const GuestBoot& boot, const std::string& end) {
  return judge_boot(os::read_file(boot.frames_file()).value_or(""), os::read_file(boot.console_file()).value_or(""),
                    end);
}

constexpr std::string_view kEmulatorEnded = "QEMU ended with ";

std::string describe_emulator_end(const os::ChildProcess& process) {
  const os::ExitStatus& status = *process.status();
  return status.clean() ? "" : fmt::format("{}{}: {}", kEmulatorEnded, status.text(), process.err().last_line());
}

}  // namespace

std::string parse_emulator_version(const std::string& text) {
  constexpr std::string_view kBefore = "QEMU emulator version ";
  if (!text.starts_with(kBefore)) {
    return "";
  }
  return text.substr(kBefore.size(), text.find_first_not_of("0123456789.", kBefore.size()) - kBefore.size());
}

Emulator find_emulator(const RunTool& run) {
  Emulator emulator{kEmulator, "", 0};
  try {
    emulator.version = parse_emulator_version(run({kEmulator, "--version"}, "").out);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(
        fmt::format("{} is not installed: install qemu-system-x86, or run ./bootstrap.sh kernels", kEmulator));
  }
  const char* const end = emulator.version.data() + emulator.version.size();
  if (std::from_chars(emulator.version.data(), end, emulator.major).ec != std::errc()) {
    throw std::invalid_argument(
        fmt::format("{} is no QEMU, by what it says to --version: install qemu-system-x86", kEmulator));
  }
  return emulator;
}

// cryptomgr.notests: its self-tests would run beside the first cells. panic=-1 with -no-reboot: a panic ends QEMU.
// nokaslr and norandmaps: addresses are those of the symbols, and the same in each boot. Times need the opposite: each
// boot draws other addresses, so that no single layout decides.
std::string kernel_command_line(const GuestBoot& boot) {
  const bool is_counted = boot.accelerator == Accelerator::kCountingTcg;
  return fmt::format("console=ttyS0 {}cryptomgr.notests quiet panic=-1{}{}",
                     is_counted ? "nokaslr norandmaps randomize_kstack_offset=off " : "",
                     boot.append.empty() ? "" : " ", boot.append);
}

std::vector<std::string> emulator_command(const Emulator& emulator, const GuestBoot& boot) {
  std::vector<std::string> argv{emulator.program,
                                "-m",
                                std::to_string(boot.memory_mib),
                                "-nodefaults",
                                "-no-reboot",
                                "-display",
                                "none",
                                "-serial",
                                "file:" + boot.console_file(),
                                "-debugcon",
                                "file:" + boot.frames_file(),
                                "-kernel",
                                boot.kernel.image,
                                "-initrd",
                                boot.initramfs,
                                "-append",
                                kernel_command_line(boot)};
  if (boot.accelerator == Accelerator::kKvm) {
    argv.insert(argv.end(), {"-accel", "kvm", "-cpu", "host", "-smp", std::to_string(boot.cpus)});
  } else {
    argv.insert(argv.end(), {"-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "qemu64,+rdrand", "-smp", "1",
                             "-seed", std::to_string(boot.seed), "-rtc", "base=2024-01-01,clock=vm"});
  }
  if (!boot.plugin.empty()) {
    std::string plugin;
    for (const std::string& part : boot.plugin) {
      plugin += (plugin.empty() ? "" : ",") + double_commas(part);
    }
    argv.insert(argv.end(), {"-plugin", plugin});
  }
  return argv;
}

BootResult judge_boot(const std::string& frames, const std::string& console, const std::string& end) {
  guest::ParsedFrames parsed = guest::parse_frames(frames);
  BootResult result{std::move(parsed.frames), "", last_lines(console)};
  const auto is_error = [](const guest::Frame& frame) {
    return frame.type == guest::FrameType::kError && frame.cell == guest::kNoCell;
  };
  const auto error = std::find_if(result.frames.begin(), result.frames.end(), is_error);
  if (std::string panic = find_panic(console); !panic.empty()) {
    result.failure = std::move(panic);
  } else if (!end.empty()) {
    result.failure = end;
  } else if (!parsed.damage.empty()) {
    result.failure = "what the guest sent is damaged: " + parsed.damage;
  } else if (error != result.frames.end()) {
    result.failure = "the guest's init: " + error->bytes;
  } else if (result.frames.empty() || result.frames.back().type != guest::FrameType::kBye) {
    result.failure = "the guest stopped before it sent its results";
  }
  return result;
}

bool is_plugin_refused(const BootResult& boot) {
  return boot.frames.empty() && boot.failure.starts_with(kEmulatorEnded) &&
         boot.failure.find("plugin") != std::string::npos;
}

void run_boots(const Emulator& emulator, const std::vector<GuestBoot>& boots, std::size_t parallel, int interrupt_fd,
               const std::function<void(std::size_t, BootResult)>& done) {
  std::vector<Running> running;
  std::size_t next = 0;
  while (next < boots.size() || !running.empty()) {
    for (; next < boots.size() && running.size() < parallel; ++next) {
      running.push_back(
          {next, std::make_unique<os::ChildProcess>(os::Launch{.argv = emulator_command(emulator, boots[next])})});
    }
    std::vector<os::ChildProcess*> children;
    children.reserve(running.size());
    for (const Running& each : running) {
      children.push_back(each.process.get());
    }
    const auto any_ended = [&] {
      return std::any_of(children.begin(), children.end(), [](const auto* child) { return child->status(); });
    };
    if (os::wait_until(children, -1, interrupt_fd, net::now() + kLookInterval, any_ended) ==
        os::WaitResult::kInterrupted) {
      throw Interrupted{};
    }
    for (std::size_t i = running.size(); i-- > 0;) {
      Running& each = running[i];
      const GuestBoot& boot = boots[each.index];
      std::string end;
      if (each.process->status()) {
        end = describe_emulator_end(*each.process);
      } else if (each.is_silent(boot)) {
        os::stop(*each.process, kKillTimeout);
        end = fmt::format("the guest said nothing for {}", net::format_duration(boot.silence_limit));
      } else {
        continue;
      }
      done(each.index, collect(boot, end));
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

}  // namespace fanin::harness
