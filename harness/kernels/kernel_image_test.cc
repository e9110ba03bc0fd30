#include "harness/kernels/kernel_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "harness/kernels/kernel_fixture.h"
#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string file_with(const std::string& bytes, std::size_t at) {
  std::string file(0x1000, '\0');
  return file.replace(at, bytes.size(), bytes);
}

void expect_refused(const std::string& image, const std::string& why) {
  EXPECT_THAT([&] { parse_kernel_release(image, "k"); }, ThrowsMessage<std::invalid_argument>(HasSubstr("k: " + why)));
}

// Would catch: a release read from the wrong offset, or with the builder's address behind it.
TEST(KernelImage, NamesItsRelease) {
  EXPECT_EQ(parse_kernel_release(make_image("6.12.117+deb12-cloud-amd64"), "k"), "6.12.117+deb12-cloud-amd64");
}

// Would catch: QEMU's own message, or a boot that hangs until its time limit, for a file that is no kernel.
TEST(KernelImage, SaysWhatAFileIsInstead) {
  expect_refused("", "is no kernel image: give a bzImage");
  expect_refused(std::string(0x1000, 'x'), "is no kernel image");
  expect_refused(
      "\x7f"
      "ELF" +
          std::string(0x1000, '\0'),
      "is an ELF file such as vmlinux");
  expect_refused("!<arch>\n" + std::string(0x1000, '\0'), "is a Debian package");
}

// Would catch: a kernel for another processor, which QEMU starts and which then does nothing.
TEST(KernelImage, RefusesOtherArchitectures) {
  expect_refused(file_with("ARM\x64", 0x38), "is a kernel for arm64");
  expect_refused(file_with("RSC\x05", 0x38), "is a kernel for RISC-V");
  expect_refused(make_image("6.1.0-57-686-pae", 0), "is a 32-bit kernel");
}

// Would catch: reading beyond the end of an image that was cut off.
TEST(KernelImage, RefusesAnIncompleteImage) {
  expect_refused(make_image("6.1").substr(0, 0x802), "does not name its release");
  expect_refused(make_image("6.1").substr(0, 0x240), "is no kernel image");
}

// The bug: the guest of a copy that was cut off did nothing, and the cell failed without a reason.
TEST(KernelImage, RefusesAFileShorterThanItsHeaderStates) {
  const os::TemporaryDirectory folder;
  const std::string path = folder.path() + "/vmlinuz";
  std::string image = make_image("6.1.0");
  image[0x1f1] = 3;     // 4 * 512 bytes
  image[0x1f5] = 0x01;  // and 0x100 * 16: more than the 4,096 bytes of the file
  std::ofstream(path) << image;
  EXPECT_THAT([&] { read_kernel_release(path); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("has 4,096 bytes, and its header states 6,144: copy it")));
  image.resize(6144);
  std::ofstream(path) << image;
  EXPECT_EQ(read_kernel_release(path), "6.1.0");
}

TEST(KernelImage, NamesTheFileThatIsMissing) {
  EXPECT_THAT([] { read_kernel_release("/nowhere/vmlinuz"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("/nowhere/vmlinuz: there is no such kernel: give")));
  EXPECT_THAT([] { read_kernel_release("/"); }, ThrowsMessage<std::invalid_argument>(HasSubstr("is no file")));
}

}  // namespace
}  // namespace fanin::harness
