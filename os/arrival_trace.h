#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

namespace fanin {

// Times at which requests were made once, to be made again: counted from the first one, and repeated without end, the
// mean gap lying between the last one and the first of the next turn. So the rate is the same however often it is
// repeated. Immutable; any thread.
class ArrivalTrace {
 public:
  // One time per line, ascending (equal ones are due together): seconds ("0.125"), or with a unit ("125ms"). Empty
  // lines and lines that begin with # are passed over. Throws std::invalid_argument naming file, line and what is
  // wrong.
  static ArrivalTrace read(std::istream& lines, const std::string& file);
  // Throws as well where the file cannot be read; `option` is then named as read_input_file does.
  static ArrivalTrace read_file(const std::string& file, std::string_view option);

  const std::string& file() const noexcept { return file_; }
  std::size_t size() const noexcept { return offsets_.size(); }
  double mean_gap_ns() const noexcept { return period_ns_ / static_cast<double>(offsets_.size()); }
  double rate_per_s() const noexcept { return 1e9 / mean_gap_ns(); }
  // Of arrival `index`, counted on through the repetitions.
  double offset_ns(std::uint64_t index) const noexcept {
    const std::uint64_t turn = index / offsets_.size();
    return static_cast<double>(turn) * period_ns_ + static_cast<double>(offsets_[index % offsets_.size()].count());
  }

 private:
  ArrivalTrace() = default;

  std::string file_;
  std::vector<Nanoseconds> offsets_;  // at least two, the last above 0
  double period_ns_ = 0;
};

}  // namespace fanin
