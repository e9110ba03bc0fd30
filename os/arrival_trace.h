#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

namespace fanin::os {

// The recorded times of requests, for replay: relative to the first one and repeated without end. The mean gap
// separates the last one from the first of the next repetition, so the rate does not depend on the number of
// repetitions. Immutable; any thread.
class ArrivalTrace {
 public:
  // One time per line, ascending (equal ones are due together): seconds ("0.125"), or with a unit ("125ms"). Skips
  // empty lines and lines that begin with #. Throws std::invalid_argument naming file, line and what is wrong.
  static ArrivalTrace read(std::istream& lines, const std::string& file);
  // The same for a file, which read_input_file() reads for `option`.
  static ArrivalTrace read_file(const std::string& file, std::string_view option);

  const std::string& file() const noexcept { return file_; }
  std::size_t size() const noexcept { return offsets_.size(); }
  double mean_gap_ns() const noexcept { return period_ns_ / static_cast<double>(offsets_.size()); }
  double rate_per_s() const noexcept { return 1e9 / mean_gap_ns(); }
  // The time of arrival `index`, which counts through all repetitions.
  double offset_ns(std::uint64_t index) const noexcept {
    const std::uint64_t repetition = index / offsets_.size();
    return static_cast<double>(repetition) * period_ns_ +
           static_cast<double>(offsets_[index % offsets_.size()].count());
  }

 private:
  ArrivalTrace() = default;

  std::string file_;
  std::vector<net::Nanoseconds> offsets_;  // at least two, the last above 0
  double period_ns_ = 0;
};

}  // namespace fanin::os
