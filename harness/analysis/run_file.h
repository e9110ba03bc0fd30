#pragma once

#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What plots.validate asks of a run.json too: that it fits its schema, that names in it exist, that each round is there
// once, that its summaries follow from its rounds, and what check_round() asks. All throw std::invalid_argument with
// file and place of the first thing that is wrong.
void check_run(const JsonReader& run);

// One round: that it fits its schema, that every request in it is accounted for, and that its histograms hold what they
// say. Percentiles are compared, since they are read in place of the buckets.
void check_round(const JsonReader& round);

// Reads a run.json, gzipped or not, and checks it.
Json load_run(const std::string& path);

}  // namespace fanin::harness
