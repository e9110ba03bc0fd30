#include "os/arrival_trace.h"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>
#include <string_view>

#include "net/clock.h"
#include "os/files.h"
#include "os/format.h"

namespace fanin::os {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // Windows writes it; no terminal shows it

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = line.find_first_not_of(kBlank);
  return first == std::string_view::npos ? "" : line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

net::Nanoseconds parse_time(std::string_view text, const std::string& file, std::size_t line) {
  try {
    return net::parse_duration(text);
  } catch (const std::invalid_argument&) {
    // The text of an exception ends at a NUL.
    throw std::invalid_argument(fmt::format(
        "{}:{}: '{}' is no time: give seconds such as 0.125, or a unit, as in 125ms", file, line, printable(text)));
  }
}

}  // namespace

ArrivalTrace ArrivalTrace::read(std::istream& lines, const std::string& file) {
  ArrivalTrace trace;
  trace.file_ = file;
  net::Nanoseconds first{0};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (number == 1 && line.starts_with(kByteOrderMark)) {
      line.erase(0, kByteOrderMark.size());
    }
    const std::string_view text = trimmed(line);
    if (text.empty() || text.front() == '#') {
      continue;
    }
    const net::Nanoseconds time = parse_time(text, file, number);
    if (trace.offsets_.empty()) {
      first = time;
    } else if (time - first < trace.offsets_.back()) {
      throw std::invalid_argument(
          fmt::format("{}:{}: {} is earlier than the time before it: sort the times", file, number, text));
    }
    trace.offsets_.push_back(time - first);
  }
  if (trace.offsets_.size() < 2 || trace.offsets_.back() == net::Nanoseconds(0)) {
    throw std::invalid_argument(fmt::format("{}: a trace needs two different times: give one time per line", file));
  }
  const auto gaps = static_cast<double>(trace.offsets_.size() - 1);
  trace.period_ns_ = static_cast<double>(trace.offsets_.back().count()) * (gaps + 1) / gaps;
  return trace;
}

ArrivalTrace ArrivalTrace::read_file(const std::string& file, std::string_view option) {
  std::istringstream lines(read_input_file(file, option).content);
  return read(lines, file);
}

}  // namespace fanin::os
