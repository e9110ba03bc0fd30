#pragma once

#include "harness/rounds/session.h"

namespace fanin::harness {

// `fanin run`: conformance, then block after block, then run.json and a table. Returns the exit code: 0 done, 1 where a
// cell failed or nothing could be measured, 130 where the user interrupted it. Throws as begin_session() and
// resume_session() do, and std::runtime_error where results cannot be written any more.
int run_suite(const RunOptions& options);

}  // namespace fanin::harness
