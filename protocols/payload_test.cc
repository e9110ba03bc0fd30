#include "protocols/payload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace fanin::protocols {
namespace {

std::string expected_stamp(std::uint32_t connection, std::uint32_t sequence, bool upper) {
  const std::uint64_t number = std::uint64_t{connection} << 32 | sequence;
  std::string text = upper ? fmt::format("{:016X}", number) : fmt::format("{:016x}", number);
  return {text.rbegin(), text.rend()};
}

// Would catch: a digit has the wrong place or value, a digit of the connection stands for one of the sequence, or more
// digits are written than were asked for. Tries every digit at every place.
TEST(Stamp, IsTheNumberInHexadecimalLeastSignificantDigitFirst) {
  for (std::uint32_t digit = 0; digit < 16; ++digit) {
    for (std::size_t place = 0; place < kStampDigits; ++place) {
      const std::uint64_t number = 0x0123456789abcdef ^ std::uint64_t{digit} << 4 * place;
      const auto connection = static_cast<std::uint32_t>(number >> 32);
      const auto sequence = static_cast<std::uint32_t>(number);
      for (std::size_t digits = 0; digits <= kStampDigits; ++digits) {
        std::string lower(kStampDigits + 1, '.');
        write_stamp(lower.data(), digits, connection, sequence);
        ASSERT_EQ(lower.substr(0, digits), expected_stamp(connection, sequence, false).substr(0, digits));
        ASSERT_EQ(lower.substr(digits), std::string(kStampDigits + 1 - digits, '.'));
      }
      std::string upper(kStampDigits, '.');
      write_stamp(upper.data(), kStampDigits, connection, sequence, true);
      ASSERT_EQ(upper, expected_stamp(connection, sequence, true));
      for (const bool upper_case : {false, true}) {
        std::string text = expected_stamp(connection, sequence, upper_case);
        ASSERT_TRUE(has_stamp(text.data(), connection, sequence, upper_case));
        text[place] = text[place] == '0' ? '1' : '0';
        ASSERT_FALSE(has_stamp(text.data(), connection, sequence, upper_case));
      }
    }
  }
}

}  // namespace
}  // namespace fanin::protocols
