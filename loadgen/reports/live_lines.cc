#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "loadgen/records/clock.h"
#include "loadgen/reports/live_view.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using LivePhase = RunListener::Progress::Phase;

constexpr std::size_t kLiveBar = 24;
constexpr std::size_t kLabel = 16;  // columns before the text, as in the summary
constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> kAsciiBlocks{" ", ".", ":", "-", "=", "+", "*", "#", "@"};
constexpr int kFinestShift = 5;  // 32 buckets of the histogram are a quarter of a power of two

std::string labelled(std::string_view label, const std::string& text) {
  return fmt::format("  {:<{}}{}", label, kLabel - 2, text);
}

std::string bar(double done) {
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * kLiveBar);
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(kLiveBar - filled, '.'));
}

std::string phase_line(const LiveState& state) {
  std::string text;
  if (state.done) {
    text = fmt::format("{} {:3.0f} %", bar(*state.done), std::clamp(*state.done, 0.0, 1.0) * 100);
  }
  if (state.left) {
    text += fmt::format("{}{:.1f} s left", text.empty() ? "" : ", ",
                        static_cast<double>(std::max(state.left->count(), std::int64_t{0})) / 1e9);
  }
  switch (state.phase) {
    case LivePhase::kConnecting:
      return labelled("connecting", text);
    case LivePhase::kWarmup:
      return labelled("warm-up", state.warmup_until.empty() ? text : "until " + state.warmup_until);
    case LivePhase::kWindow:
      return labelled("window", text);
    case LivePhase::kDraining:
      break;
  }
  return labelled("window", "over, waiting for the last replies");
}

std::string rate_line(const LiveState& state) {
  std::string text = (state.rate_now ? os::format_rate(*state.rate_now) : "-") + " now";
  if (state.rate_so_far) {
    text += fmt::format(", {} so far", os::format_rate(*state.rate_so_far));
  }
  if (state.asked_rate) {
    text += fmt::format(", {} asked", os::format_rate(*state.asked_rate));
  }
  return labelled("rate", text);
}

std::string live_percentile(const Histogram& histogram, const char* name, unsigned per_10000) {
  const PercentileValue value = histogram.percentile(per_10000);
  switch (value.kind) {
    case PercentileValue::Kind::kFinite:
      return fmt::format("{} {}, ", name, os::format_time(value.value));
    case PercentileValue::Kind::kUncompleted:
      return fmt::format("{} never, ", name);
    case PercentileValue::Kind::kTooFew:
      break;
  }
  return fmt::format("{} -, ", name);
}

std::string latency_line(const SecondOfAll& second) {
  return labelled("latency",
                  live_percentile(second.responses, "p50", 5000) + live_percentile(second.responses, "p99", 9900) +
                      fmt::format("max {} in the last second",
                                  second.completed > 0 ? os::format_time(second.responses.max()) : std::string("-")));
}

std::string connections_text(const LiveState& state) {
  return state.connections_asked > 0 ? fmt::format("{} of {} up", os::format_count(state.connections_up),
                                                   os::format_count(state.connections_asked))
                                     : fmt::format("{} up", os::format_count(state.connections_up));
}

std::string errors_text(const ErrorCounts& errors) {
  std::string text;
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    if (const std::uint64_t count = errors[static_cast<ErrorKind>(i)]; count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", os::format_count(count), kErrorNames[i]);
    }
  }
  return text;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

// As many characters as the width allows; each of ours takes one column.
std::string cut(std::string line, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    columns += begins_character(line[i]) ? 1 : 0;
    if (columns > width) {
      line.resize(i);
      break;
    }
  }
  return line;
}

// Samples by groups of 2^shift buckets, from the first group that has some to the last.
struct Columns {
  std::size_t first = 0;
  std::vector<std::uint64_t> counts;
};

Columns make_columns(const Histogram& histogram, int shift) {
  Columns columns;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    const std::size_t column = Histogram::index_for(bucket.lowest) >> shift;
    if (columns.counts.empty()) {
      columns.first = column;
    }
    columns.counts.resize(column - columns.first + 1);
    columns.counts.back() += bucket.count;
  }
  return columns;
}

Nanoseconds bucket_time(std::size_t index) {
  return Nanoseconds(static_cast<std::int64_t>(Histogram::lowest_value(index)));
}

}  // namespace

std::string histogram_line(const Histogram& histogram, std::size_t width, bool unicode) {
  if (histogram.count() == 0) {
    return "";
  }
  int shift = kFinestShift;
  Columns columns = make_columns(histogram, shift);
  while (columns.counts.size() > std::max<std::size_t>(width, 1)) {
    columns = make_columns(histogram, ++shift);
  }
  const std::uint64_t most = *std::max_element(columns.counts.begin(), columns.counts.end());
  std::string blocks;
  for (const std::uint64_t count : columns.counts) {
    const std::uint64_t height = (count * 8 + most - 1) / most;  // few are still seen
    blocks += unicode ? kBlocks[height] : kAsciiBlocks[height];
  }
  return fmt::format("{} {} {}", os::format_time(bucket_time(columns.first << shift)), blocks,
                     os::format_time(bucket_time((columns.first + columns.counts.size()) << shift)));
}

std::vector<std::string> live_lines(const LiveState& state, const LiveStyle& style) {
  constexpr std::size_t kEnds = 20;  // what the times at both ends of the histogram take
  std::vector<std::string> lines{state.headline};
  if (!state.run.empty()) {
    lines.push_back(labelled("run", state.run));
  }
  lines.push_back(phase_line(state));
  if (state.phase != LivePhase::kConnecting) {
    lines.push_back(rate_line(state));
  }
  if (state.latest && state.phase != LivePhase::kConnecting) {
    lines.push_back(latency_line(*state.latest));
    const std::size_t taken = kLabel + kEnds;
    lines.push_back(labelled(
        "", histogram_line(state.latest->responses,
                           style.width > taken ? std::min<std::size_t>(style.width - taken, 60) : 1, style.unicode)));
  }
  lines.push_back(labelled("connections", connections_text(state)));
  if (state.errors.total() > 0) {
    lines.push_back(labelled("errors", errors_text(state.errors)));
  }
  for (std::string& line : lines) {
    line = cut(std::move(line), style.width);
  }
  if (style.colour && state.errors.total() > 0) {
    lines.back() = "\x1b[31m" + lines.back() + "\x1b[0m";
  }
  return lines;
}

}  // namespace fanin::load
