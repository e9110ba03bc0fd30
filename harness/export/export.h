#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/export/formats.h"

namespace fanin::harness {

struct ExportFormat {
  std::string_view name;
  std::string_view about;
  bool takes_load;  // a result of fanin-load as well as a run
};

// The formats of `fanin export`.
const std::vector<ExportFormat>& export_formats();

// Reads a run (run.json or its directory) or a load result and checks it. Throws std::invalid_argument.
Json load_measured(const std::string& path);

// The text of a run or load result in a format. Throws std::invalid_argument where the format is unknown, does not hold
// this kind of document, or needs a choice of histogram.
std::string export_document(const Json& document, std::string_view format, const HistogramChoice& choice);

}  // namespace fanin::harness
