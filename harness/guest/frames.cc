#include "harness/guest/frames.h"

#include <zlib.h>

#include <array>
#include <cstddef>

namespace fanin::guest {
namespace {

constexpr std::string_view kMagic = "FANINFRM";
constexpr std::size_t kField = 4;
constexpr std::size_t kHeader = kMagic.size() + 4 * kField;

void append_number(std::string& to, std::uint32_t value) {
  for (std::size_t byte = 0; byte < kField; ++byte) {
    to.push_back(static_cast<char>(value >> (8 * byte) & 0xffU));
  }
}

std::uint32_t read_number(std::string_view from, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t byte = 0; byte < kField; ++byte) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(from[at + byte])) << (8 * byte);
  }
  return value;
}

std::uint32_t checksum(std::string_view fields, std::string_view bytes) {
  const auto of = [](uLong before, std::string_view text) {
    return ::crc32_z(before, reinterpret_cast<const Bytef*>(text.data()), text.size());
  };
  return static_cast<std::uint32_t>(of(of(::crc32_z(0, nullptr, 0), fields), bytes));
}

}  // namespace

std::string encode_frame(FrameType type, std::uint32_t cell, std::string_view bytes) {
  std::string frame(kMagic);
  append_number(frame, static_cast<std::uint32_t>(type));
  append_number(frame, cell);
  append_number(frame, static_cast<std::uint32_t>(bytes.size()));
  append_number(frame, checksum(std::string_view(frame).substr(kMagic.size()), bytes));
  frame += bytes;
  return frame;
}

ParsedFrames parse_frames(std::string_view stream) {
  ParsedFrames parsed;
  std::size_t at = 0;
  const auto damaged = [&](std::string_view how) {
    parsed.damage = "frame " + std::to_string(parsed.frames.size()) + " at byte " + std::to_string(at) + " ";
    parsed.damage += how;
  };
  while (at < stream.size()) {
    const std::string_view rest = stream.substr(at);
    if (rest.substr(0, kMagic.size()) != kMagic.substr(0, rest.size())) {
      damaged("does not begin as one");
      break;
    }
    if (rest.size() < kHeader || rest.size() - kHeader < read_number(rest, kMagic.size() + 2 * kField)) {
      damaged("is cut off");
      break;
    }
    const std::uint32_t type = read_number(rest, kMagic.size());
    const std::string_view bytes = rest.substr(kHeader, read_number(rest, kMagic.size() + 2 * kField));
    if (checksum(rest.substr(kMagic.size(), 3 * kField), bytes) != read_number(rest, kMagic.size() + 3 * kField)) {
      damaged("has another checksum than its bytes");
      break;
    }
    if (type < static_cast<std::uint32_t>(FrameType::kHello) || type > static_cast<std::uint32_t>(FrameType::kBye)) {
      damaged("has an unknown type");
      break;
    }
    parsed.frames.push_back(
        {static_cast<FrameType>(type), read_number(rest, kMagic.size() + kField), std::string(bytes)});
    at += kHeader + bytes.size();
  }
  return parsed;
}

}  // namespace fanin::guest
