#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "harness/analysis/run_file.h"
#include "harness/export/export.h"
#include "harness/suite/plan.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr int kSignificantDigits = 2;
constexpr std::uint64_t kHalf = 1U << (kSubBucketBits - 1);
constexpr std::uint64_t kHighest = 3'600'000'000'000;

// Histograms, added. In ns.
struct Values {
  std::map<std::uint64_t, std::uint64_t> counts;  // by the lowest value of the bucket
  std::uint64_t count = 0;
  std::uint64_t without = 0;  // samples without a value: of requests that have no reply
  std::uint64_t max = 0;
  double sum = 0;

  void add(const Json& histogram) {
    for (const Json& bucket : histogram.at("buckets")) {
      counts[bucket.at(0).get<std::uint64_t>()] += bucket.at(1).get<std::uint64_t>();
    }
    const auto samples = histogram.at("count").get<std::uint64_t>();
    count += samples;
    without += histogram.at("uncompleted").get<std::uint64_t>();
    if (samples > 0) {
      max = std::max(max, histogram.at("max").get<std::uint64_t>());
      sum += histogram.at("mean").get<double>() * static_cast<double>(samples);
    }
  }
  double mean() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

// HdrHistogram's index of the count of a value.
std::uint64_t count_index(std::uint64_t value) {
  const int bucket = bucket_shift(value);
  return static_cast<std::uint64_t>(bucket) * kHalf + (value >> bucket);
}

// What HdrHistogram takes a sample of the bucket for.
double bucket_middle(std::uint64_t lowest) {
  const std::uint64_t half = (std::uint64_t{1} << bucket_shift(lowest)) / 2;
  return static_cast<double>(lowest + half);
}

double standard_deviation(const Values& values) {
  double squares = 0;
  for (const auto& [lowest, count] : values.counts) {
    const double distance = bucket_middle(lowest) - values.mean();
    squares += distance * distance * static_cast<double>(count);
  }
  return values.count > 0 ? std::sqrt(squares / static_cast<double>(values.count)) : 0;
}

// The histograms of a document, those of a cell together.
struct Source {
  std::string cell;
  std::string started_at;
  double seconds = 0;  // of the window
  const Json* histogram = nullptr;
};

// Refuses a cell that the document does not have.
void check_cell(const Json& document, const std::string& cell) {
  if (document.at("schema") != "fanin-run") {
    return;  // its results have names of their own
  }
  std::vector<std::string> ids;
  for (const Json& each : document.at("cells")) {
    ids.push_back(each.at("id"));
  }
  if (std::find(ids.begin(), ids.end(), cell) == ids.end()) {
    throw std::invalid_argument(
        fmt::format("--cell {}: the run has no such cell: the nearest are {}; 'fanin list' with the suite.json of the "
                    "run shows all",
                    os::printable(cell), fmt::join(nearest_ids(ids, cell), ", ")));
  }
}

std::vector<Source> sources(const Json& document, const HistogramChoice& choice) {
  if (!choice.cell.empty()) {
    check_cell(document, choice.cell);
  }
  std::vector<Source> found;
  const auto add = [&](const std::string& cell, const Json& load) {
    if (!load.is_object() || (!choice.cell.empty() && cell != choice.cell)) {
      return;
    }
    const Json& histogram = load.at("latency").at(choice.kind);
    const Json& window = load.at("window");
    if (histogram.is_object() && window.at("opened_at").is_string()) {
      found.push_back({cell, window.at("opened_at"), window.at("duration_ns").get<double>() / 1e9, &histogram});
    }
  };
  if (document.at("schema") != "fanin-run") {
    const std::vector<NamedLoad> loads = load_results(document);
    for (const NamedLoad& load : loads) {
      add(loads.size() == 1 ? "" : load.name, *load.result);
    }
  } else {
    for (const Json& round : document.at("rounds")) {
      if (round.at("status") == "ok") {
        add(round.at("cell"), round.at("load"));
      }
    }
  }
  if (found.empty()) {
    throw std::invalid_argument(
        choice.cell.empty() ? fmt::format("there is no {} histogram in it", choice.kind)
                            : fmt::format("--cell {}: no round of it has a {} histogram", choice.cell, choice.kind));
  }
  return found;
}

}  // namespace

std::string to_hgrm(const Json& document, const HistogramChoice& choice) {
  const std::vector<Source> parts = sources(document, choice);
  Values values;
  for (const Source& part : parts) {
    if (part.cell != parts.front().cell) {
      throw std::invalid_argument(
          fmt::format("a .hgrm file holds one cell: choose it by --cell, such as '{}'", os::printable(part.cell)));
    }
    values.add(*part.histogram);
  }
  constexpr double kNanosecondsPerMillisecond = 1e6;
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  std::uint64_t below = 0;
  for (const auto& [lowest, count] : values.counts) {
    below += count;
    const double share = static_cast<double>(below) / static_cast<double>(values.count);
    const auto highest = std::min(highest_value(lowest), values.max);
    const double value = static_cast<double>(highest) / kNanosecondsPerMillisecond;
    text += below < values.count
                ? fmt::format("{:12.6f} {:2.12f} {:10} {:14.2f}\n", value, share, below, 1 / (1 - share))
                : fmt::format("{:12.6f} {:2.12f} {:10}\n", value, share, below);
  }
  text += fmt::format("#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n", values.mean() / kNanosecondsPerMillisecond,
                      standard_deviation(values) / kNanosecondsPerMillisecond);
  text += fmt::format("#[Max     = {:12.6f}, Total count    = {:12}]\n",
                      static_cast<double>(values.max) / kNanosecondsPerMillisecond, values.count);
  text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", bucket_shift(kHighest) + 1, 2 * kHalf);
  if (values.without > 0) {
    text += fmt::format("#[{} requests without a reply are not in this table]\n", values.without);
  }
  return text;
}

namespace {

template <typename Integer>
void append_big_endian(std::string& bytes, Integer value) {
  for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xff);
  }
}

// ZigZag LEB128; our values take less than the 9 bytes of which HdrHistogram's variant differs in the last.
void append_zigzag(std::string& bytes, std::int64_t value) {
  auto rest = static_cast<std::uint64_t>(value << 1) ^ static_cast<std::uint64_t>(value >> 63);
  while (rest >= 0x80) {
    bytes += static_cast<char>(0x80 | (rest & 0x7f));
    rest >>= 7;
  }
  bytes += static_cast<char>(rest);
}

// HdrHistogram's encoding V2: header and counts; a negative number is a run of zeros.
std::string encode(const Values& values) {
  constexpr std::uint32_t kCookie = 0x1c849303 | 0x10;
  std::string counts;
  std::uint64_t next = 0;
  for (const auto& [lowest, count] : values.counts) {
    const std::uint64_t index = count_index(lowest);
    if (const auto zeros = static_cast<std::int64_t>(index - next); zeros == 1) {
      append_zigzag(counts, 0);
    } else if (zeros > 1) {
      append_zigzag(counts, -zeros);
    }
    append_zigzag(counts, static_cast<std::int64_t>(count));
    next = index + 1;
  }
  std::string bytes;
  append_big_endian(bytes, kCookie);
  append_big_endian(bytes, static_cast<std::uint32_t>(counts.size()));
  append_big_endian(bytes, std::uint32_t{0});  // normalizing index offset
  append_big_endian(bytes, std::uint32_t{kSignificantDigits});
  append_big_endian(bytes, std::uint64_t{1});  // lowest discernible value
  append_big_endian(bytes, kHighest);
  append_big_endian(bytes, std::bit_cast<std::uint64_t>(1.0));  // integer to double conversion ratio
  return bytes + counts;
}

std::string compress(const std::string& bytes) {
  constexpr std::uint32_t kCompressedCookie = 0x1c849304 | 0x10;
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  if (::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                 bytes.size()) != Z_OK) {
    throw std::runtime_error("zlib cannot compress a histogram");
  }
  packed.resize(size);
  std::string framed;
  append_big_endian(framed, kCompressedCookie);
  append_big_endian(framed, static_cast<std::uint32_t>(packed.size()));
  return framed + packed;
}

// RFC 4648, with padding.
std::string base64(const std::string& bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kDigits[group >> (18 - 6 * i) & 0x3f];
    }
  }
  return text;
}

// Seconds since the epoch of "2026-01-31T12:00:00.000Z", which the schema has checked.
double parse_time(const std::string& text) {
  std::tm time{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) {
    throw std::invalid_argument(fmt::format("'{}' is no time", text));
  }
  return static_cast<double>(::timegm(&time)) + std::strtod(std::string("0" + std::string(rest)).c_str(), nullptr);
}

// A tag ends at a comma and must not hold white space.
std::string tag(const std::string& cell) {
  std::string text = cell;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ',' || c == ' '; }, '_');
  return text.empty() ? "" : "Tag=" + text + ",";
}

}  // namespace

std::string to_hlog(const Json& document, const HistogramChoice& choice) {
  const std::vector<Source> parts = sources(document, choice);
  double start = parse_time(parts.front().started_at);
  for (const Source& part : parts) {
    start = std::min(start, parse_time(part.started_at));
  }
  std::string text = "#[fanin: latency of requests in ns; one line per round]\n#[Histogram log format version 1.3]\n";
  text += fmt::format("#[StartTime: {:.3f} (seconds since epoch)]\n", start);
  std::string lines = "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
  std::uint64_t without = 0;
  for (const Source& part : parts) {
    Values values;
    values.add(*part.histogram);
    without += values.without;
    constexpr double kMaxUnit = 1e6;  // the format shows the maximum in ms
    lines += fmt::format("{}{:.3f},{:.3f},{:.3f},{}\n", tag(part.cell), parse_time(part.started_at) - start,
                         part.seconds, static_cast<double>(values.max) / kMaxUnit, base64(compress(encode(values))));
  }
  if (without > 0) {
    text += fmt::format("#[{} requests without a reply are not in these histograms]\n", without);
  }
  return text + lines;
}

}  // namespace fanin::harness
