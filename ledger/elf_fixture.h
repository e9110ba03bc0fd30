#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace fanin::ledger {

// An ELF file of one executable segment: `code`, mapped 0x1000 bytes above the base.
inline std::vector<std::uint8_t> make_elf(const std::vector<std::uint8_t>& code, std::uint16_t type = ET_DYN,
                                          std::uint64_t address = 0x1000, std::uint64_t alignment = 0x1000) {
  constexpr std::size_t kOffset = 0x100;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = type;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof(header);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_offset = kOffset;
  segment.p_vaddr = address;
  segment.p_filesz = segment.p_memsz = code.size();
  segment.p_align = alignment;
  std::vector<std::uint8_t> file(kOffset);
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), &segment, sizeof(segment));
  file.insert(file.end(), code.begin(), code.end());
  return file;
}

inline constexpr std::uint64_t kCodeAddress = 0x555555555000;  // of its first byte

}  // namespace fanin::ledger
