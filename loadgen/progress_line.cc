#include "loadgen/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "loadgen/human_text.h"
#include "net/duration.h"

namespace fanin {
namespace {

constexpr int kBarWidth = 24;

double seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

std::string bar(double done) {
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * kBarWidth);
  return std::string(filled, '#') + std::string(kBarWidth - filled, '.');
}

}  // namespace

void ProgressLine::progress(const Progress& progress) {
  using Phase = Progress::Phase;
  std::string text;
  switch (progress.phase) {
    case Phase::kConnecting:
      text = fmt::format("connecting {} ...", human_count(std::uint64_t{plan_.connections} + plan_.idle));
      break;
    case Phase::kWarmup:
      text = fmt::format("warming up{}, {:.1f} of {} s", plan_.warmup_until_steady ? " until steady" : "",
                         seconds(progress.elapsed), seconds(plan_.warmup));
      break;
    case Phase::kWindow: {
      const double done = plan_.requests
                              ? static_cast<double>(progress.completed) / static_cast<double>(*plan_.requests)
                              : seconds(progress.elapsed) / seconds(plan_.duration);
      const double lately = seconds(progress.elapsed - last_.elapsed);
      const bool same = last_.phase == Phase::kWindow && lately > 0;
      const double rate = same ? static_cast<double>(progress.completed - last_.completed) / lately : 0;
      text = fmt::format("[{}] {:3.0f} %  {:>12}  {} failed", bar(done), std::min(done, 1.0) * 100, human_rate(rate),
                         human_count(progress.failed));
      break;
    }
    case Phase::kDraining:
      text = "waiting for the last replies ...";
      break;
  }
  last_ = progress;
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::erase() {
  if (drawn_) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    drawn_ = false;
  }
}

}  // namespace fanin
