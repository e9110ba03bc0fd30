#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "harness/kernels/symbols.h"

namespace fanin::harness {
namespace {

// Reads tables of an ELF file of 64 bits without trust in its offsets.
class ElfImage {
 public:
  explicit ElfImage(std::string bytes) : bytes_(std::move(bytes)) {
    const auto header = read<Elf64_Ehdr>(0);
    if (header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
        header->e_ident[EI_DATA] == ELFDATA2LSB) {
      header_ = *header;
    }
  }

  template <typename Entry>
  std::optional<Entry> read(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(Entry)) {
      return std::nullopt;
    }
    Entry entry;
    std::memcpy(&entry, bytes_.data() + offset, sizeof entry);
    return entry;
  }
  // `count` entries from `offset`, as many of them as the file holds.
  template <typename Entry>
  std::vector<Entry> read_table(std::uint64_t offset, std::uint64_t count) const {
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto entry = read<Entry>(offset + i * sizeof(Entry));
      if (!entry) {
        break;
      }
      entries.push_back(*entry);
    }
    return entries;
  }
  std::vector<Elf64_Phdr> segments() const { return read_table<Elf64_Phdr>(header_.e_phoff, header_.e_phnum); }
  std::vector<Elf64_Shdr> sections() const { return read_table<Elf64_Shdr>(header_.e_shoff, header_.e_shnum); }
  std::string text_at(std::uint64_t offset) const {
    return offset < bytes_.size() ? std::string(bytes_.c_str() + offset) : std::string();
  }

 private:
  std::string bytes_;
  Elf64_Ehdr header_ = {};
};

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// The first word of the text, which is taken from it together with the blanks behind it.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return word;
}

}  // namespace

// The functions of one file by their place in the file. Empty where it is no ELF file or cannot be read.
class ElfFunctions {
 public:
  explicit ElfFunctions(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    const ElfImage image(std::string(std::istreambuf_iterator<char>(stream), {}));
    const std::vector<Elf64_Shdr> sections = image.sections();
    for (const Elf64_Shdr& section : sections) {
      if ((section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM) && section.sh_link < sections.size()) {
        add_symbols(image, section, sections[section.sh_link].sh_offset);
      }
    }
  }

  // Nothing where no function holds this byte of the file: many libraries keep the names of exported functions alone,
  // and the nearest name before would be another function.
  std::optional<std::string> name_at(std::uint64_t offset) const {
    const auto next = functions_.upper_bound(offset);
    if (next == functions_.begin()) {
      return std::nullopt;
    }
    const auto& [begin, function] = *std::prev(next);
    return offset - begin < function.size ? std::optional(demangled(function.name)) : std::nullopt;
  }

 private:
  struct Function {
    std::uint64_t size = 0;
    std::string name;
  };

  void add_symbols(const ElfImage& image, const Elf64_Shdr& section, std::uint64_t names) {
    const std::vector<Elf64_Phdr> segments = image.segments();
    for (const Elf64_Sym& symbol :
         image.read_table<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
      const int type = ELF64_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF || symbol.st_size == 0) {
        continue;
      }
      for (const Elf64_Phdr& segment : segments) {
        const std::uint64_t distance = symbol.st_value - segment.p_vaddr;
        if (segment.p_type == PT_LOAD && symbol.st_value >= segment.p_vaddr && distance < segment.p_filesz) {
          keep(segment.p_offset + distance, {symbol.st_size, image.text_at(names + symbol.st_name)});
        }
      }
    }
  }

  // Of several names the shortest ("read", not "__libc_read"), then the first by letters: the same in any order.
  void keep(std::uint64_t offset, Function function) {
    const auto rank = [](const Function& each) { return std::pair(each.name.size(), std::string_view(each.name)); };
    const auto [place, is_new] = functions_.emplace(offset, function);
    if (!is_new && rank(function) < rank(place->second)) {
      place->second = std::move(function);
    }
  }

  std::map<std::uint64_t, Function> functions_;
};

UserSymbols::UserSymbols(std::filesystem::path root, std::map<std::string, std::filesystem::path> elsewhere)
    : root_(std::move(root)), elsewhere_(std::move(elsewhere)) {}
UserSymbols::~UserSymbols() = default;
UserSymbols::UserSymbols(UserSymbols&&) noexcept = default;
UserSymbols& UserSymbols::operator=(UserSymbols&&) noexcept = default;

std::string UserSymbols::name_of(std::string_view maps, std::uint64_t address) {
  const std::vector<Mapping>& mappings = mappings_of(maps);
  const auto found = std::find_if(mappings.begin(), mappings.end(),
                                  [&](const Mapping& each) { return each.begin <= address && address < each.end; });
  if (found == mappings.end()) {
    return "[unmapped]";
  }
  if (found->path.empty() || found->path.front() != '/') {
    return found->path.empty() ? "[anonymous]" : found->path;
  }
  return file_of(found->path)
      .name_at(address - found->begin + found->offset)
      .value_or(std::filesystem::path(found->path).filename().string());
}

// A line is "begin-end rights offset device inode path". Lines of another form are skipped: addresses in them are
// unmapped.
const std::vector<UserSymbols::Mapping>& UserSymbols::mappings_of(std::string_view maps) {
  if (const auto known = mappings_.find(maps); known != mappings_.end()) {
    return known->second;
  }
  std::vector<Mapping> mappings;
  std::string_view rest = maps;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::string_view range = take_word(line);
    take_word(line);
    const auto dash = std::min(range.find('-'), range.size());
    const auto begin = parse_hex(range.substr(0, dash));
    const auto end = parse_hex(range.substr(std::min(dash + 1, range.size())));
    const auto offset = parse_hex(take_word(line));
    take_word(line);
    take_word(line);
    if (begin && end && offset) {
      mappings.push_back({*begin, *end, *offset, std::string(line)});
    }
  }
  return mappings_.emplace(maps, std::move(mappings)).first->second;
}

const ElfFunctions& UserSymbols::file_of(const std::string& path) {
  std::unique_ptr<const ElfFunctions>& file = files_[path];
  if (!file) {
    const auto own = elsewhere_.find(path);
    file = std::make_unique<const ElfFunctions>(
        own != elsewhere_.end() ? own->second : root_ / std::filesystem::path(path).relative_path());
  }
  return *file;
}

}  // namespace fanin::harness
