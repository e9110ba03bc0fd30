#include "harness/kernels/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

constexpr unsigned kFileMode = 0755;  // programs and libraries; a text that can be executed does no harm

struct ArchiveDeleter {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};

// Of this machine's files; a program is larger than what load_text() takes from users.
std::string read_program(const std::string& path) {
  const auto text = os::read_file(path);
  if (!text) {
    throw std::invalid_argument(fmt::format("{}: cannot be read for the guest: build the project", path));
  }
  return *text;
}

void check_archive(int result, archive* writer) {
  if (result != ARCHIVE_OK) {
    const char* why = ::archive_error_string(writer);
    throw std::runtime_error(fmt::format("cannot make the guest's file system: {}", why == nullptr ? "?" : why));
  }
}

la_ssize_t append_bytes(archive* /*writer*/, void* to, const void* bytes, std::size_t count) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

}  // namespace

void Initramfs::add_file(const std::string& path, const std::string& source) {
  add_text(path, read_program(source));
  sources_[path] = source;
}

void Initramfs::add_text(const std::string& path, std::string text) {
  add_directory(path.substr(0, path.rfind('/')));
  entries_[path] = {false, std::move(text)};
}

void Initramfs::add_directory(const std::string& path) {
  for (std::size_t end = path.find('/', 1); !path.empty(); end = path.find('/', end + 1)) {
    entries_.try_emplace(path.substr(0, end), Entry{true, ""});
    if (end == std::string::npos) {
      return;
    }
  }
}

std::string Initramfs::archive() const {
  std::string bytes;
  const std::unique_ptr<::archive, ArchiveDeleter> writer(::archive_write_new());
  check_archive(::archive_write_set_format_cpio_newc(writer.get()), writer.get());
  check_archive(::archive_write_set_bytes_in_last_block(writer.get(), 1), writer.get());
  check_archive(::archive_write_open(writer.get(), &bytes, nullptr, append_bytes, nullptr), writer.get());
  std::int64_t number = 0;
  for (const auto& [path, content] : entries_) {
    const std::unique_ptr<archive_entry, ArchiveDeleter> entry(::archive_entry_new());
    ::archive_entry_set_pathname(entry.get(), path.c_str() + 1);  // relative, as the kernel expects
    ::archive_entry_set_filetype(entry.get(), content.is_directory ? AE_IFDIR : AE_IFREG);
    ::archive_entry_set_perm(entry.get(), kFileMode);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.bytes.size()));
    ::archive_entry_set_mtime(entry.get(), 0, 0);
    ::archive_entry_set_ino64(entry.get(), ++number);
    ::archive_entry_set_nlink(entry.get(), content.is_directory ? 2 : 1);
    check_archive(::archive_write_header(writer.get(), entry.get()), writer.get());
    const la_ssize_t written = ::archive_write_data(writer.get(), content.bytes.data(), content.bytes.size());
    check_archive(written == static_cast<la_ssize_t>(content.bytes.size()) ? ARCHIVE_OK : ARCHIVE_FATAL, writer.get());
  }
  check_archive(::archive_write_close(writer.get()), writer.get());
  return bytes;
}

std::vector<std::string> parse_libraries(const std::string& ldd, const std::string& program) {
  std::vector<std::string> libraries;
  std::istringstream lines(ldd);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("=> not found") != std::string::npos) {
      throw std::invalid_argument(fmt::format("{}: needs a library that is not found: {}: install it", program,
                                              line.substr(line.find_first_not_of(" \t"))));
    }
    // "name => /path (0xaddress)", and the loader "/path (0xaddress)"; the vdso has no path.
    const std::size_t arrow = line.find("=> ");
    std::string path = arrow == std::string::npos ? line.substr(std::min(line.find_first_not_of(" \t"), line.size()))
                                                  : line.substr(arrow + 3);
    path.erase(std::min(path.find(" (0x"), path.size()));
    if (path.starts_with('/')) {
      libraries.push_back(std::move(path));
    }
  }
  return libraries;
}

void add_program(Initramfs& files, const std::string& path, const std::string& program, const RunTool& run) {
  files.add_file(path, program);
  for (const std::string& library : parse_libraries(run({"ldd", program}, "").out, program)) {
    files.add_file(library, library);
  }
}

}  // namespace fanin::harness
