#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/reports/result.h"

namespace fanin::load {

// All that is told of replies that were none: what came beside what was due, what server that looks like, and the
// option to use. Bytes of the server are escaped. Each is empty, or null, where there is nothing to tell.
std::string mismatch_lines(const LoadPlan& plan, const LoadResult& result);
nlohmann::ordered_json mismatch_json(const LoadPlan& plan, const LoadResult& result);

// What became of the requests, where none of the whole run had a reply and that has one reason; empty elsewhere.
std::string why_no_reply(const LoadPlan& plan, const LoadResult& result);

}  // namespace fanin::load
