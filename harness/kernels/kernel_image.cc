#include "harness/kernels/kernel_image.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "os/format.h"

namespace fanin::harness {
namespace {

// Offsets of the boot protocol's header.
constexpr std::size_t kSetupSectors = 0x1f1;  // of 512 bytes, without the first
constexpr std::size_t kSystemSize = 0x1f4;    // of what follows them, in units of 16 bytes
constexpr std::size_t kMagic = 0x202;         // "HdrS"
constexpr std::size_t kProtocol = 0x206;      // its version
constexpr std::size_t kVersionText = 0x20e;   // where the version stands, less 0x200
constexpr std::size_t kLoadFlags = 0x236;     // since protocol 2.12
constexpr std::size_t kHeaderEnd = 0x268;

constexpr unsigned kFirstWithLoadFlags = 0x20c;
constexpr unsigned kIs64Bit = 1;

constexpr std::size_t kFirstBytes = std::size_t{64} << 10;  // the version is in the setup code, at most 32 KiB

unsigned read_16(std::string_view image, std::size_t at) {
  return static_cast<unsigned char>(image[at]) | static_cast<unsigned>(static_cast<unsigned char>(image[at + 1])) << 8U;
}

// The length that the header states, in bytes. A signature may follow.
std::uint64_t read_length(std::string_view image) {
  const std::uint64_t sectors = 1 + std::uint64_t{static_cast<unsigned char>(image[kSetupSectors])};
  const std::uint64_t units = read_16(image, kSystemSize) | std::uint64_t{read_16(image, kSystemSize + 2)} << 16U;
  return sectors * 512 + units * 16;
}

bool has_at(std::string_view image, std::size_t at, std::string_view bytes) {
  return image.size() >= at + bytes.size() && image.substr(at, bytes.size()) == bytes;
}

// What a file without the header of a bzImage is; empty: unknown.
std::string_view recognise(std::string_view image) {
  if (has_at(image, 0x38, "ARM\x64")) {
    return "is a kernel for arm64";
  }
  if (has_at(image, 0x38, "RSC\x05")) {
    return "is a kernel for RISC-V";
  }
  if (has_at(image, 4, "zimg")) {
    return "is a compressed EFI kernel of another architecture";
  }
  if (has_at(image, 0,
             "\x7f"
             "ELF")) {
    return "is an ELF file such as vmlinux";
  }
  if (has_at(image, 0, "!<arch>\n")) {
    return "is a Debian package";
  }
  return "";
}

}  // namespace

std::string parse_kernel_release(std::string_view image, const std::string& file) {
  const std::string name = os::printable(file, 300);
  if (image.size() < kHeaderEnd || !has_at(image, kMagic, "HdrS")) {
    const std::string_view what = recognise(image);
    throw std::invalid_argument(
        fmt::format("{}: {}: give a bzImage for x86-64, such as /boot/vmlinuz-VERSION or arch/x86/boot/bzImage", name,
                    what.empty() ? "is no kernel image" : what));
  }
  if (read_16(image, kProtocol) < kFirstWithLoadFlags || (read_16(image, kLoadFlags) & kIs64Bit) == 0) {
    throw std::invalid_argument(fmt::format("{}: is a 32-bit kernel: give a bzImage for x86-64", name));
  }
  const std::size_t at = read_16(image, kVersionText) + std::size_t{0x200};
  const std::string_view text = image.substr(std::min(at, image.size()));
  const std::string_view release = text.substr(0, text.find_first_of(std::string_view(" \0", 2)));
  if (release.empty() || release.size() == text.size() || !os::is_printable(release)) {
    throw std::invalid_argument(fmt::format("{}: does not name its release: give a complete bzImage", name));
  }
  return std::string(release);
}

std::string read_kernel_release(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw std::invalid_argument(fmt::format("--kernel {}: {}: give the path of a bzImage, or debian:SERIES",
                                            os::printable(file, 300),
                                            errno == ENOENT ? "there is no such kernel" : std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    throw std::invalid_argument(fmt::format("{}: is no file: give the path of a bzImage", os::printable(file, 300)));
  }
  std::string bytes(kFirstBytes, '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw std::invalid_argument(
        fmt::format("{}: {}: make it readable", os::printable(file, 300), std::strerror(errno)));
  }
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  std::string release = parse_kernel_release(bytes, file);
  if (const auto size = static_cast<std::uint64_t>(status.st_size); size < read_length(bytes)) {
    throw std::invalid_argument(fmt::format("{}: has {} bytes, and its header states {}: copy it again",
                                            os::printable(file, 300), os::format_count(size),
                                            os::format_count(read_length(bytes))));
  }
  return release;
}

}  // namespace fanin::harness
