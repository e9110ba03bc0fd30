#include "harness/kernels/initramfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kLdd =
    "\tlinux-vdso.so.1 (0x00007ffd1a5c6000)\n"
    "\tliburing.so.2 => /lib/x86_64-linux-gnu/liburing.so.2 (0x00007f)\n"
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n"
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";

// Would catch: a guest without the dynamic loader, or with a file called linux-vdso.so.1.
TEST(Libraries, AreThoseWithAPath) {
  EXPECT_THAT(parse_libraries(kLdd, "p"),
              ElementsAre("/lib/x86_64-linux-gnu/liburing.so.2", "/lib/x86_64-linux-gnu/libc.so.6",
                          "/lib64/ld-linux-x86-64.so.2"));
  EXPECT_THAT(parse_libraries("\tstatically linked\n", "p"), ElementsAre());
}

// Would catch: a guest in which the server ends at once, with a message on a console that nobody reads.
TEST(Libraries, OneThatIsMissingIsNamed) {
  EXPECT_THAT([] { parse_libraries("\tlibx.so.1 => not found\n", "/p"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("/p: needs a library that is not found: libx.so.1")));
}

// Would catch: an archive that depends on the order of calls, on the time, or on who made it; directories that come
// after their files, which the kernel does not unpack.
TEST(InitramfsTest, DependsOnItsFilesAlone) {
  Initramfs one;
  one.add_text("/bin/a", "first");
  one.add_text("/lib/x/b", "second");
  Initramfs other;
  other.add_text("/lib/x/b", "second");
  other.add_text("/bin/a", "first");
  const std::string archive = one.archive();
  EXPECT_EQ(archive, other.archive());
  EXPECT_THAT(archive, ::testing::StartsWith("070701"));
  EXPECT_LT(archive.find("lib/x"), archive.find("lib/x/b"));
  EXPECT_THAT(archive, HasSubstr("TRAILER!!!"));
  EXPECT_EQ(archive.find("/lib/x"), std::string::npos);  // names are relative
}

// Would catch: a program without its libraries; contents that end at a NUL.
TEST(InitramfsTest, HoldsProgramsWithTheirLibraries) {
  const os::TemporaryDirectory directory;
  const std::string library = directory.path() + "/lib.so";
  std::ofstream(library) << std::string("a\0b", 3);
  std::ofstream(directory.path() + "/program") << "program";
  Initramfs files;
  add_program(files, "/bin/p", directory.path() + "/program", [&](const auto&, const auto&) {
    return ToolResult{0, "\tlib.so => " + library + " (0x0)\n", ""};
  });
  EXPECT_EQ(files.sources().at(library), library);
  EXPECT_EQ(files.sources().at("/bin/p"), directory.path() + "/program");
  EXPECT_THAT(files.archive(), HasSubstr(std::string("a\0b", 3)));
  EXPECT_THAT([&] { files.add_file("/x", "/nowhere"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("/nowhere: cannot be read for the guest")));
}

}  // namespace
}  // namespace fanin::harness
