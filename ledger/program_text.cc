#include "ledger/program_text.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fanin::ledger {
namespace {

// ELF_ET_DYN_BASE of the kernel, two thirds of the address space.
constexpr std::uint64_t kPositionIndependentBase = 0x7ffffffff000 / 3 * 2;
// Where linkers put static programs; the guest's init is one.
constexpr std::uint64_t kStaticBegin = 0x400000;
constexpr std::uint64_t kStaticEnd = 0x10000000;

template <typename Structure>
Structure read_at(std::span<const std::uint8_t> file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(Structure)) {
    throw std::invalid_argument("the ELF file is cut off");
  }
  Structure structure;
  std::memcpy(&structure, file.data() + offset, sizeof(structure));
  return structure;
}

std::vector<Elf64_Phdr> read_segments(std::span<const std::uint8_t> file, const Elf64_Ehdr& header) {
  std::vector<Elf64_Phdr> segments;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD) {
      segments.push_back(segment);
    }
  }
  return segments;
}

// As load_elf_binary() computes it.
std::uint64_t base_of(const Elf64_Ehdr& header, std::span<const Elf64_Phdr> segments) {
  if (header.e_type == ET_EXEC) {
    return 0;
  }
  std::uint64_t alignment = 4096;
  for (const Elf64_Phdr& segment : segments) {
    alignment = std::max(alignment, segment.p_align);
  }
  return kPositionIndependentBase / alignment * alignment;
}

}  // namespace

ProgramText::ProgramText(std::vector<std::uint8_t> file) : file_(std::move(file)) {
  if (file_.size() < SELFMAG || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0) {
    throw std::invalid_argument("not an ELF file");
  }
  const auto header = read_at<Elf64_Ehdr>(file_, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 ||
      (header.e_type != ET_DYN && header.e_type != ET_EXEC)) {
    throw std::invalid_argument("not a program for x86-64");
  }
  const std::vector<Elf64_Phdr> segments = read_segments(file_, header);
  const std::uint64_t base = base_of(header, segments);
  for (const Elf64_Phdr& segment : segments) {
    if ((segment.p_flags & PF_X) == 0) {
      continue;
    }
    if (segment.p_offset > file_.size() || file_.size() - segment.p_offset < segment.p_filesz) {
      throw std::invalid_argument("the ELF file is cut off");
    }
    segments_.push_back({base + segment.p_vaddr, std::span(file_).subspan(segment.p_offset, segment.p_filesz)});
  }
}

bool ProgramText::matches(std::uint64_t address, std::span<const std::uint8_t> code) const noexcept {
  return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    const std::uint64_t offset = address - segment.address;  // wraps around below the segment
    return offset < segment.bytes.size() && segment.bytes.size() - offset >= code.size() &&
           std::equal(code.begin(), code.end(), segment.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  });
}

std::optional<Program> Programs::find(std::uint64_t address, std::span<const std::uint8_t> code) const noexcept {
  const bool server = server_.matches(address, code);
  const bool generator = generator_.matches(address, code);
  if (server != generator) {
    return server ? Program::kServer : Program::kGenerator;
  }
  if (!server && address >= kStaticBegin && address < kStaticEnd) {
    return Program::kInit;
  }
  return std::nullopt;
}

}  // namespace fanin::ledger
