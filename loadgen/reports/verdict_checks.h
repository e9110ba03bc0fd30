#pragma once

#include <cstddef>
#include <string_view>

#include "loadgen/reports/verdict.h"

namespace fanin::load {

// Adds reasons to a verdict. Reasons that invalidate come first, so that the first reason explains the status.
class Reasons {
 public:
  explicit Reasons(Verdict& verdict) : verdict_(verdict) {}
  void warn(ReasonCode code, std::string_view text) { add(Status::kWarning, code, text); }
  void invalidate(ReasonCode code, std::string_view text) { add(Status::kInvalid, code, text); }
  void add(Status status, ReasonCode code, std::string_view text);

 private:
  Verdict& verdict_;
  std::size_t invalid_ = 0;
};

// The checks that decide_verdict() makes. Pure.

// Of requests and connections: what failed, was wrong, or did not come up.
void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);

// Of time: the window, connections that were down, replies that did not come.
void check_length(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_downtime(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_unanswered_time(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_silence(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);
void check_littles_law(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);

}  // namespace fanin::load
