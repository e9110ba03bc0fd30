#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace fanin::ledger {

// The arguments of the plugin, `key=value` each.
struct Options {
  std::filesystem::path symbols;    // the kernel's functions: lines of a hexadecimal address and a name
  std::filesystem::path server;     // the ELF files
  std::filesystem::path generator;  //
  std::filesystem::path out;
  std::uint64_t skip = 200;   // replies before the window
  std::uint64_t count = 500;  // replies of the window
};

// Throws std::invalid_argument.
Options parse_options(std::span<const std::string_view> arguments);

}  // namespace fanin::ledger
