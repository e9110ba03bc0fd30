#include "net/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fanin::net {
namespace {

Nanoseconds read_clock(clockid_t id) noexcept {
  timespec time{};
  ::clock_gettime(id, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

}  // namespace

timespec to_timespec(Nanoseconds duration) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((duration - seconds).count())};
}

Nanoseconds thread_cpu_time() noexcept { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
Nanoseconds process_cpu_time() noexcept { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

namespace {

constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{
    {{"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1.0}}};

// Takes a number such as 10 or 1.5 from the front of `text`, in the syntax of results/schema/suite.schema.json. Empty
// if there is none.
std::optional<double> take_number(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t whole = std::min(text.find_first_not_of(kDigits), text.size());
  std::size_t length = whole;
  if (text.substr(whole).starts_with('.')) {
    length = std::min(text.find_first_not_of(kDigits, whole + 1), text.size());
    if (length == whole + 1) {
      return std::nullopt;
    }
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
  text.remove_prefix(length);
  return whole > 0 && error == std::errc{} ? std::optional(number) : std::nullopt;
}

// Takes the unit; `from` is the first unit of kUnits still allowed, and on return the one after it.
std::optional<double> take_unit(std::string_view& text, std::size_t& from) {
  const std::string_view name = text.substr(0, text.find_first_not_of("hmsun"));
  text.remove_prefix(name.size());
  for (std::size_t i = from; i < kUnits.size(); ++i) {
    if (kUnits[i].first == name) {
      from = i + 1;
      return kUnits[i].second;
    }
  }
  return std::nullopt;
}

// In nanoseconds; NaN if the text is no duration.
double total_ns(std::string_view text) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double total = 0;
  std::size_t unit = 0;
  do {
    const auto number = take_number(text);
    const auto factor = number && unit == 0 && text.empty() ? std::optional(1e9) : take_unit(text, unit);
    if (!number || !factor) {
      return kNone;
    }
    total += *number * *factor;
  } while (!text.empty());
  return total;
}

}  // namespace

Nanoseconds parse_duration(std::string_view text) {
  const double total = total_ns(text);
  if (std::isnan(total)) {
    throw std::invalid_argument(fmt::format("'{}' is not a duration such as 10s, 500ms or 1m30s", text));
  }
  // Leaves room to add durations to time points and to each other.
  constexpr std::chrono::duration<double, std::nano> kMax = std::chrono::hours(24 * 365);
  if (total > kMax.count()) {
    throw std::invalid_argument(fmt::format("'{}' is longer than a year: give a time such as 10s or 500ms", text));
  }
  return Nanoseconds(std::llround(total));
}

std::string format_duration(Nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count % 1'000'000'000 == 0) {
    return fmt::format("{}s", count / 1'000'000'000);
  }
  if (count % 1'000'000 == 0) {
    return fmt::format("{}ms", count / 1'000'000);
  }
  if (count % 1'000 == 0) {
    return fmt::format("{}us", count / 1'000);
  }
  return fmt::format("{}ns", count);
}

}  // namespace fanin::net
