#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/guest/frames.h"
#include "harness/kernels/kernel_store.h"
#include "net/clock.h"

namespace fanin::harness {

// The QEMU on this machine.
struct Emulator {
  std::string program;  // name or path
  std::string version;  // "7.2.22"
  int major = 0;
};

inline constexpr const char* kEmulator = "qemu-system-x86_64";

// Throws std::invalid_argument that names the package if there is none, or if it is no QEMU.
Emulator find_emulator(const RunTool& run = run_tool);

// The version in what QEMU says to --version; empty: it is no QEMU.
std::string parse_emulator_version(const std::string& text);

// What executes a guest.
enum class Accelerator {
  kCountingTcg,  // an emulator with one CPU; a nanosecond of the guest is one instruction
  kKvm,          // this machine's CPUs, in real time
};

// One start of a guest.
struct GuestBoot {
  Kernel kernel;
  std::string initramfs;            // file
  std::filesystem::path directory;  // where console and frames go
  std::string name;                 // of these files
  std::uint64_t seed = 1;           // of a guest whose instructions are counted
  std::uint64_t memory_mib = 512;
  Accelerator accelerator = Accelerator::kCountingTcg;
  std::size_t cpus = 1;                                      // with KVM
  std::string append;                                        // to the kernel's command line; empty: nothing
  std::vector<std::string> plugin;                           // file, then KEY=VALUE; empty: none
  net::Nanoseconds silence_limit = std::chrono::minutes(3);  // without a word from the guest

  std::string console_file() const { return (directory / (name + ".console")).string(); }
  std::string frames_file() const { return (directory / (name + ".frames")).string(); }
};

// Of the kernel, with what --append adds.
std::string kernel_command_line(const GuestBoot& boot);

// The command line of QEMU. A guest whose instructions are counted has no device that depends on the host.
std::vector<std::string> emulator_command(const Emulator& emulator, const GuestBoot& boot);

struct BootResult {
  std::vector<guest::Frame> frames;
  std::string failure;  // what ended it before its last frame; empty: it went through
  std::string console;  // the last lines of its console
};

// Whether QEMU has not begun because it did not take the plugin: it has another interface or none, or the file is
// damaged.
bool is_plugin_refused(const BootResult& boot);

// What became of a guest, from what it has left. `end`: how QEMU ended, or what ended it; empty: with exit code 0.
BootResult judge_boot(const std::string& frames, const std::string& console, const std::string& end);

// Boots guests, at most `parallel` at a time, and calls `done` for each as it ends, with its index. Throws Interrupted.
void run_boots(const Emulator& emulator, const std::vector<GuestBoot>& boots, std::size_t parallel, int interrupt_fd,
               const std::function<void(std::size_t, BootResult)>& done);

}  // namespace fanin::harness
