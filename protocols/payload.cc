#include "protocols/payload.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "protocols/options.h"

namespace fanin {
namespace {

std::string filler(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + i % 26);
  }
  return text;
}

using Block = std::array<char, kPatternPeriod>;

Block make_block() noexcept {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Block block{};
  std::uint64_t state = 1;
  for (char& byte : block) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = kAlphabet[state >> 58];
  }
  return block;
}

}  // namespace

Payload make_payload(const ClientProtocolOptions& options) {
  if (!options.payload.empty()) {
    return {options.payload, 0};
  }
  if (options.payload_bytes == 0) {
    throw std::invalid_argument("a payload needs at least 1 byte: raise --payload-bytes");
  }
  return {filler(options.payload_bytes), std::min(options.payload_bytes, kStampDigits)};
}

Payload make_line_payload(const ClientProtocolOptions& options) {
  Payload payload = make_payload(options);
  if (options.payload.empty()) {
    payload.text.back() = '\n';
    payload.stamp = std::min(payload.stamp, payload.text.size() - 1);
    return payload;
  }
  if (payload.text.back() != '\n') {
    payload.text.push_back('\n');
  }
  if (payload.text.find('\n') != payload.text.size() - 1) {
    throw std::invalid_argument("--payload holds a newline inside: this protocol answers line by line, give one line");
  }
  return payload;
}

void PayloadClient::append_request(ClientState& state, std::string& out) {
  const std::size_t begin = out.size();
  out += payload_.text;
  if (payload_.stamp > 0) {
    write_stamp(out.data() + begin, payload_.stamp, state.connection, state.sent);
  }
  ++state.sent;
}

std::string_view pattern_at(std::uint64_t position) noexcept {
  static const Block block = make_block();
  return std::string_view(block.data(), block.size()).substr(position % kPatternPeriod);
}

char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string to_upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return to_upper(c); });
  return text;
}

}  // namespace fanin
