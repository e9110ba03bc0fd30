#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "loadgen/reports/verdict.h"
#include "os/printable.h"

namespace fanin {

// Adds to a verdict what speaks against a result.
class Reasons {
 public:
  explicit Reasons(Verdict& verdict) : verdict_(verdict) {}
  void warn(const Note& note, std::string_view reason) { add(Status::kWarning, note, reason); }
  void invalidate(const Note& note, std::string_view reason) { add(Status::kInvalid, note, reason); }

 private:
  void add(Status status, const Note& note, std::string_view reason) {
    verdict_.notes.push_back(&note);
    verdict_.status = std::max(verdict_.status, status);
    verdict_.reasons.push_back(printable(reason));  // it may hold what a server sent
  }
  Verdict& verdict_;
};

// Where the time of the window went. Each by the rules of docs/interfaces.md; pure.
void check_length(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_downtime(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_silence(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);
void check_littles_law(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);

}  // namespace fanin
