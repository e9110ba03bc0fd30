#include "harness/kernels/guest_boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

using guest::encode_frame;
using guest::FrameType;
using guest::kNoCell;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kVersionText =
    "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022 Fabrice Bellard\n";

GuestBoot make_boot() {
  return {.kernel = {"debian:6.12", "6.12.117", "6.12.117-1", "/k/vmlinuz", "sha", ""},
          .initramfs = "/i",
          .directory = "/d",
          .name = "b0",
          .seed = 7};
}

std::string said(bool complete) {
  return encode_frame(FrameType::kHello, kNoCell, "{}") +
         (complete ? encode_frame(FrameType::kBye, kNoCell, "") : std::string());
}

// Would catch: a message of the process layer, or of a wrapper that is called the same, instead of the package's name.
TEST(FindEmulator, SaysWhatToInstall) {
  EXPECT_EQ(find_emulator([](const auto&, const auto&) { return ToolResult{0, kVersionText, ""}; }).major, 7);
  EXPECT_EQ(find_emulator([](const auto&, const auto&) { return ToolResult{0, kVersionText, ""}; }).version, "7.2.22");
  EXPECT_THAT([] { find_emulator([](const auto&, const auto&) -> ToolResult { throw std::invalid_argument("x"); }); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("install qemu-system-x86")));
  EXPECT_THAT([] { find_emulator([](const auto&, const auto&) {
                     return ToolResult{0, "hello", ""};
                   }); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("is no QEMU")));
}

// Would catch: a boot whose instructions depend on the host's clock, on a random seed, or on a second CPU.
TEST(EmulatorCommand, CountsInsteadOfTiming) {
  const auto argv = emulator_command({"qemu", "7.2.22", 7}, make_boot());
  for (const char* word :
       {"tcg", "shift=0,sleep=off", "7", "base=2024-01-01,clock=vm", "/k/vmlinuz", "file:/d/b0.frames"}) {
    EXPECT_THAT(argv, Contains(word));
  }
  EXPECT_THAT(argv, ::testing::Not(Contains("-plugin")));
}

// Would catch: a time of an emulator, or of a guest with the addresses of every other boot.
TEST(EmulatorCommand, TimesOnTheCpuItself) {
  GuestBoot boot = make_boot();
  boot.accelerator = Accelerator::kKvm;
  boot.cpus = 2;
  const auto argv = emulator_command({"qemu", "7.2.22", 7}, boot);
  EXPECT_THAT(argv, ::testing::IsSupersetOf({"kvm", "host", "2", "/k/vmlinuz", "file:/d/b0.frames"}));
  for (const char* word : {"tcg", "-icount", "-seed", "-rtc"}) {
    EXPECT_THAT(argv, ::testing::Not(Contains(word)));
  }
  EXPECT_THAT(kernel_command_line(boot), ::testing::Not(HasSubstr("nokaslr")));
  EXPECT_THAT(kernel_command_line(make_boot()), HasSubstr(" nokaslr norandmaps "));
}

// Would catch: --append that replaces what the guest needs; a plugin without its arguments, or
// whose path ends at a comma.
TEST(EmulatorCommand, TakesFurtherArguments) {
  GuestBoot boot = make_boot();
  boot.append = "mitigations=off";
  boot.plugin = {"/l,l/fanin-ledger.so", "count=500"};
  const auto argv = emulator_command({"qemu", "7.2.22", 7}, boot);
  EXPECT_THAT(argv, Contains(::testing::EndsWith("panic=-1 mitigations=off")));
  EXPECT_THAT(argv, Contains("/l,,l/fanin-ledger.so,count=500"));
}

TEST(JudgeBoot, PassesAGuestThatSaidAll) {
  const BootResult result = judge_boot(said(true), "line\r\n", "");
  EXPECT_EQ(result.failure, "");
  EXPECT_EQ(result.console, "line\n");
  EXPECT_EQ(result.frames.size(), 2U);
}

// Would catch: a panic, also for want of memory, that is told as "stopped before it sent its results".
TEST(JudgeBoot, NamesThePanic) {
  const std::string console =
      "[ 6.1] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\r\n";
  EXPECT_EQ(judge_boot(said(false), console, "").failure,
            "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled");
}

// Would catch: a hang, a damaged frame or a half result that passes.
TEST(JudgeBoot, TellsHowItFailed) {
  EXPECT_EQ(judge_boot(said(false), "", "the guest said nothing for 5m").failure, "the guest said nothing for 5m");
  EXPECT_THAT(judge_boot(said(true) + "x", "", "").failure, HasSubstr("damaged: frame 2"));
  EXPECT_THAT(judge_boot(said(false), "", "").failure, HasSubstr("before it sent its results"));
  EXPECT_EQ(judge_boot(said(false) + encode_frame(FrameType::kError, kNoCell, "cannot bring up lo"), "", "").failure,
            "the guest's init: cannot bring up lo");
}

// Would catch: a QEMU without the plugin's interface whose cells count as failed, and a failure that counts as that.
TEST(JudgeBoot, KnowsARefusedPlugin) {
  const auto is_refused = [](const std::string& frames, const std::string& said) {
    return is_plugin_refused(judge_boot(frames, "", "QEMU ended with exit code 1: qemu-system-x86_64: " + said));
  };
  EXPECT_TRUE(is_refused("",
                         "Could not load plugin /l.so: plugin requires API version 3, but this QEMU supports only "
                         "up to version 1"));
  EXPECT_TRUE(is_refused("", "Could not load plugin /l.so: /l.so: file too short"));
  EXPECT_TRUE(is_refused("", "-plugin: invalid option"));
  EXPECT_FALSE(is_refused("", "could not load kernel '/k': No such file or directory"));
  EXPECT_FALSE(is_refused(said(true), "plugin"));
}

// Would catch: a guest that hangs, and the run with it; a hang without the console that explains it.
TEST(RunBoots, EndsAGuestThatHangs) {
  const os::TemporaryDirectory directory;
  const std::string emulator = directory.path() + "/qemu";  // a program that takes its place
  std::ofstream(emulator) << "#!/bin/sh\nexec sleep 1000\n";
  fs::permissions(emulator, fs::perms::owner_all);
  GuestBoot boot = make_boot();
  boot.directory = directory.path();
  std::ofstream(boot.console_file()) << "last words\n";
  boot.silence_limit = {};
  std::vector<BootResult> results;
  run_boots({emulator, "7.2.22", 7}, {boot, boot}, 1, -1,
            [&](std::size_t /*index*/, BootResult result) { results.push_back(std::move(result)); });
  ASSERT_EQ(results.size(), 2U);
  for (const BootResult& result : results) {
    EXPECT_THAT(result.failure, ::testing::StartsWith("the guest said nothing for "));
    EXPECT_EQ(result.console, "last words\n");
  }
}

// Would catch: a console of megabytes in the result.
TEST(JudgeBoot, KeepsTheEndOfTheConsole) {
  std::string console;
  for (int line = 0; line < 1000; ++line) {
    console += std::to_string(line) + "\r\n";
  }
  EXPECT_THAT(judge_boot("", console, "").console, ::testing::StartsWith("900\n901\n"));
}

}  // namespace
}  // namespace fanin::harness
