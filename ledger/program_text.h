#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ledger/program.h"

namespace fanin::ledger {

// The machine code of an ELF file, at the addresses where a kernel without address randomisation maps it.
class ProgramText {
 public:
  // Takes the content of the file. Throws std::invalid_argument for anything but a program for x86-64.
  explicit ProgramText(std::vector<std::uint8_t> file);

  bool matches(std::uint64_t address, std::span<const std::uint8_t> code) const noexcept;

 private:
  struct Segment {
    std::uint64_t address;
    std::span<const std::uint8_t> bytes;  // of file_
  };

  std::vector<std::uint8_t> file_;
  std::vector<Segment> segments_;
};

// Tells by its code which program a task runs.
class Programs {
 public:
  Programs(ProgramText server, ProgramText generator) : server_(std::move(server)), generator_(std::move(generator)) {}

  // Nothing: the code is of a library, or both programs have the same bytes there.
  std::optional<Program> find(std::uint64_t address, std::span<const std::uint8_t> code) const noexcept;

 private:
  ProgramText server_;
  ProgramText generator_;
};

}  // namespace fanin::ledger
