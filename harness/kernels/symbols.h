#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::harness {

// The functions of a kernel image, by address. Immutable after parse(); any thread.
class KernelSymbols {
 public:
  // The text of the guest's /proc/kallsyms: "ffffffff81000000 T name" a line. Keeps functions of the image alone: no
  // data, no modules, no __pfx_ padding, no labels within the entry code. Where several names have one address, it
  // keeps one, the same for any order of lines. Throws std::runtime_error where a line has another form, or no function
  // has an address (a reader without rights sees zeros).
  static KernelSymbols parse(std::string_view kallsyms);

  // The function that holds an address; "[no symbol]" far from all of them, as in modules.
  std::string name_of(std::uint64_t address) const;
  std::size_t size() const noexcept { return functions_.size(); }
  // What the plugin takes as symbols=FILE: a line "hexaddress name" for each function, by ascending address.
  std::string plugin_file() const;

 private:
  std::map<std::uint64_t, std::string> functions_;
};

class ElfFunctions;

// Names of user code, from the symbol tables of ELF files. It owns what it has read of them. One thread.
class UserSymbols {
 public:
  // The guest's files are found below `root`, at their paths in the guest; `elsewhere` has those that are not: path in
  // the guest -> file here.
  explicit UserSymbols(std::filesystem::path root, std::map<std::string, std::filesystem::path> elsewhere = {});
  ~UserSymbols();
  UserSymbols(UserSymbols&&) noexcept;
  UserSymbols& operator=(UserSymbols&&) noexcept;

  // `maps` is the text of the process's /proc/PID/maps. The function at the address, demangled, without arguments.
  // Where the file names no function there, it is the name of the file ("libc.so.6"), for other memory its name in maps
  // ("[vdso]") or "[anonymous]", and outside of all "[unmapped]".
  std::string name_of(std::string_view maps, std::uint64_t address);

 private:
  struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;  // of its first byte in the file
    std::string path;          // "[vdso]" for some memory without a file, empty for the rest
  };

  const std::vector<Mapping>& mappings_of(std::string_view maps);
  const ElfFunctions& file_of(const std::string& path);

  std::filesystem::path root_;
  std::map<std::string, std::filesystem::path> elsewhere_;
  std::map<std::string, std::vector<Mapping>, std::less<>> mappings_;
  std::map<std::string, std::unique_ptr<const ElfFunctions>> files_;
};

// The name that a linker's symbol stands for, without arguments, return type and template arguments of the function
// itself kept: "_ZN5fanin3runEi" is "fanin::run". Any other text stays.
std::string demangled(const std::string& symbol);

}  // namespace fanin::harness
