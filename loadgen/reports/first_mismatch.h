#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/reports/result.h"

namespace fanin::load {

// The report of the first wrong reply: the received and the expected bytes, the kind of server it looks like, and the
// option to use. Bytes of the server are escaped. Empty, or null, without a mismatch.
std::string mismatch_lines(const LoadPlan& plan, const LoadResult& result);
nlohmann::ordered_json mismatch_json(const LoadPlan& plan, const LoadResult& result);

// Why no request of the whole run had a reply, if there is one reason; else empty.
std::string why_no_reply(const LoadPlan& plan, const LoadResult& result);

}  // namespace fanin::load
