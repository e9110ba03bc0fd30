#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "loadgen/reports/verdict.h"
#include "os/printable.h"

namespace fanin::load {

// Adds reasons to a verdict. Reasons that invalidate come first, so that the first reason explains the status.
class Reasons {
 public:
  explicit Reasons(Verdict& verdict) : verdict_(verdict) {}
  void warn(const Note& note, std::string_view reason) { add(Status::kWarning, note, reason); }
  void invalidate(const Note& note, std::string_view reason) { add(Status::kInvalid, note, reason); }

 private:
  void add(Status status, const Note& note, std::string_view reason) {
    const auto place = static_cast<std::ptrdiff_t>(status == Status::kInvalid ? invalid_++ : verdict_.reasons.size());
    verdict_.notes.insert(verdict_.notes.begin() + place, &note);
    verdict_.status = std::max(verdict_.status, status);
    verdict_.reasons.insert(verdict_.reasons.begin() + place, printable(reason));  // it may hold what a server sent
  }
  Verdict& verdict_;
  std::size_t invalid_ = 0;
};

}  // namespace fanin::load
