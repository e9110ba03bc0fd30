#include "harness/kernels/symbols.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kKallsyms =
    "0000000000000000 A fixed_percpu_data\n"
    "ffffffff81000000 T _stext\n"
    "ffffffff81000000 T _text\n"
    "ffffffff81000100 t __pfx_tcp_ack\n"
    "ffffffff81000110 t tcp_ack\n"
    "ffffffff81000200 W __memcpy\n"
    "ffffffff81000200 T memcpy\n"
    "ffffffff81000300 T __sched_text_start\n"
    "ffffffff81000300 t __schedule\n"
    "ffffffff81000400 T entry_SYSCALL_64\n"
    "ffffffff81000420 T entry_SYSCALL_64_after_hwframe\n"
    "ffffffff81000500 D a_table\n"
    "ffffffffc0000000 t of_a_module\t[virtio_net]\n";

TEST(KernelSymbols, AFunctionHoldsTheAddressesBehindItsOwn) {
  const KernelSymbols symbols = KernelSymbols::parse(kKallsyms);
  EXPECT_EQ(symbols.name_of(0xffffffff81000110), "tcp_ack");
  EXPECT_EQ(symbols.name_of(0xffffffff8100011f), "tcp_ack");
  EXPECT_EQ(symbols.name_of(0xffffffff81000000), "[no symbol]");
  EXPECT_EQ(symbols.name_of(0xffffffffc0000000), "[no symbol]");
}

// Would catch: __schedule under the name of its section, which no rule for contexts knows, a system call that begins in
// two functions, and padding, data and modules among the functions.
TEST(KernelSymbols, OnlyFunctionsAreKept) {
  const KernelSymbols symbols = KernelSymbols::parse(kKallsyms);
  EXPECT_EQ(symbols.plugin_file(),
            "ffffffff81000110 tcp_ack\n"
            "ffffffff81000200 memcpy\n"
            "ffffffff81000300 __schedule\n"
            "ffffffff81000400 entry_SYSCALL_64\n");
  EXPECT_EQ(symbols.name_of(0xffffffff81000430), "entry_SYSCALL_64");
}

// Would catch: names that change with the order of /proc/kallsyms, which then differ between two kernels.
TEST(KernelSymbols, TheNameOfAnAddressDoesNotDependOnTheOrder) {
  EXPECT_EQ(KernelSymbols::parse("10 t b\n10 T aa\n10 W a2\n").name_of(0x10), "a2");
  EXPECT_EQ(KernelSymbols::parse("10 W a2\n10 T aa\n10 t b\n").name_of(0x10), "a2");
  EXPECT_EQ(KernelSymbols::parse("10 T swapgs_restore_regs_and_return_to_usermode\n10 t common_interrupt_return\n")
                .name_of(0x10),
            "common_interrupt_return");
}

std::string kallsyms_complaint(std::string_view text) {
  try {
    KernelSymbols::parse(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KernelSymbols, WrongTextIsRefused) {
  EXPECT_THAT(kallsyms_complaint(""), HasSubstr("no function"));
  EXPECT_THAT(kallsyms_complaint("0000000000000000 T a\n"), HasSubstr("as root"));
  for (const char* text : {"ffffffff81000000\n", "ffffffff81000000 T\n", "ffffffff81000000 T \n", "x T a\n",
                           "ffffffff81000000 TT a\n", "ffffffff81000000  T a\n"}) {
    EXPECT_THAT(kallsyms_complaint(text), HasSubstr("no line 'address type name'")) << text;
  }
}

TEST(Demangled, HasNoArguments) {
  EXPECT_EQ(demangled("_ZN5fanin6server3runEi"), "fanin::server::run");
  EXPECT_EQ(demangled("_ZN5fanin12_GLOBAL__N_13runEPKc"), "fanin::(anonymous namespace)::run");
  EXPECT_EQ(demangled("_ZNK1A3getEv"), "A::get");          // A::get() const
  EXPECT_EQ(demangled("_Z3runIiEvT_"), "run<int>");        // void run<int>(int)
  EXPECT_EQ(demangled("_ZN1AclEi"), "A::operator()");      // A::operator()(int)
  EXPECT_EQ(demangled("_ZN1AcvbEv"), "A::operator bool");  // A::operator bool()
  EXPECT_EQ(demangled("_Znwm"), "operator new");           // operator new(unsigned long)
  EXPECT_EQ(demangled("_ZN1A1rEPFivE"), "A::r");           // A::r(int (*)())
  EXPECT_EQ(demangled("_ZZ3runvENKUlvE_clEv"), "run()::{lambda()#1}::operator()");
  EXPECT_EQ(demangled("_ZTV1A"), "A");
  EXPECT_EQ(demangled("_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE4sizeEv"), "std::string::size");
  EXPECT_EQ(demangled("read"), "read");
  EXPECT_EQ(demangled("f"), "f");
  EXPECT_EQ(demangled(""), "");
}

std::string own_maps() {
  std::ifstream file("/proc/self/maps");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Would catch: addresses that are taken for places in the file, or the segment's for the symbol's.
TEST(UserSymbols, NameOwnFunctionsAndThoseOfLibraries) {
  UserSymbols symbols("/");
  const std::string maps = own_maps();
  EXPECT_EQ(symbols.name_of(maps, address_of(reinterpret_cast<const void*>(&own_maps)) + 1),
            "fanin::harness::(anonymous namespace)::own_maps");
  EXPECT_EQ(symbols.name_of(maps, address_of(::dlsym(RTLD_DEFAULT, "zlibVersion"))), "zlibVersion");
}

// Would catch: code without a symbol that is booked on the exported function before it.
TEST(UserSymbols, ALibraryWithoutSymbolsIsItsFile) {
  const std::string root = testing::TempDir() + "user_symbols";
  std::filesystem::create_directories(root + "/lib");
  std::ofstream(root + "/lib/libstripped.so.1") << "\x7f"
                                                << "ELF, but no more";
  const std::string maps =
      "7ffff0000000-7ffff0002000 r-xp 00001000 00:02 17   /lib/libstripped.so.1\n"
      "7ffff0002000-7ffff0003000 r-xp 00000000 00:02 18   /lib/libgone.so\n"
      "7ffff0003000-7ffff0004000 r-xp 00000000 00:00 0 \n"
      "7ffff0004000-7ffff0005000 r-xp 00000000 00:00 0   [vdso]\n"
      "no line of maps\n";
  UserSymbols symbols(root);
  EXPECT_EQ(symbols.name_of(maps, 0x7ffff0000010), "libstripped.so.1");
  EXPECT_EQ(symbols.name_of(maps, 0x7ffff0002010), "libgone.so");
  EXPECT_EQ(symbols.name_of(maps, 0x7ffff0003010), "[anonymous]");
  EXPECT_EQ(symbols.name_of(maps, 0x7ffff0004010), "[vdso]");
  EXPECT_EQ(symbols.name_of(maps, 0x7ffff0005000), "[unmapped]");
  EXPECT_EQ(symbols.name_of("", 0x7ffff0000010), "[unmapped]");
}

// Would catch: symbols of the program that are lost because the guest has it under another path.
TEST(UserSymbols, FilesMayBeElsewhere) {
  UserSymbols symbols("/nowhere", {{"/bin/it", std::filesystem::read_symlink("/proc/self/exe")}});
  std::string maps = own_maps();
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  for (auto at = maps.find(self); at != std::string::npos; at = maps.find(self, at + 1)) {
    maps.replace(at, self.size(), "/bin/it");
  }
  EXPECT_EQ(symbols.name_of(maps, address_of(reinterpret_cast<const void*>(&own_maps))),
            "fanin::harness::(anonymous namespace)::own_maps");
}

}  // namespace
}  // namespace fanin::harness
