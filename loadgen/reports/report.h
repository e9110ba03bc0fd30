#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/reports/result.h"
#include "loadgen/reports/verdict.h"

namespace fanin::load {

// Describes the run in one line.
std::string headline(const LoadPlan& plan);

// The result for people: aligned, units that fit, at most 100 columns, ending in a newline.
std::string result_text(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);

// Its tables: percentiles; a row for each class of a mix, whose long name is cut; response times by powers of two, from
// the first to the last that holds one in a thousand.
std::string latency_table(const LoadPlan& plan, const LoadResult& result);
std::string classes_table(const LoadPlan& plan, const LoadResult& result);
std::string distribution(const Histogram& histogram);

// The percentile in the unit that fits, "never" where it falls among requests without a reply, "-" for too few samples.
std::string percentile_text(const Histogram& histogram, unsigned per_10000);

// The result as docs/contracts.md and results/schema/load.schema.json have it.
nlohmann::ordered_json result_json(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);

// Its parts: what was asked for, and a histogram with its percentiles and buckets.
nlohmann::ordered_json workload_json(const LoadPlan& plan);
nlohmann::ordered_json histogram_json(const Histogram& histogram);

// How this program was built, and what its figures are worth because of that (null: nothing to say).
nlohmann::ordered_json build_json();

// One line with a newline; bytes that are no UTF-8 (a binary request) are replaced.
std::string to_text(const nlohmann::ordered_json& json);

// UTC to the millisecond, as in RFC 3339.
std::string timestamp(WallTime time);

// The report of the first wrong reply: the received and the expected bytes, the kind of server it looks like, and the
// option to use. Bytes of the server are escaped. Empty, or null, without a mismatch.
std::string mismatch_lines(const LoadPlan& plan, const LoadResult& result);
nlohmann::ordered_json mismatch_json(const LoadPlan& plan, const LoadResult& result);

// Why no request of the whole run had a reply, if there is one reason; else empty.
std::string why_no_reply(const LoadPlan& plan, const LoadResult& result);

}  // namespace fanin::load
