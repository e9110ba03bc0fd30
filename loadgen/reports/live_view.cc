#include "loadgen/reports/live_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "loadgen/records/clock.h"
#include "loadgen/reports/report.h"
#include "os/program.h"

namespace fanin::load {
namespace {

constexpr Nanoseconds kRedrawEvery =
    std::chrono::milliseconds(150);  // progress comes every 200 ms, and more often in a warm-up

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets any
  return value != nullptr ? value : "";
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const std::string_view value = environment(name); !value.empty()) {
      return value.find("UTF-8") != std::string_view::npos || value.find("utf8") != std::string_view::npos;
    }
  }
  return false;
}

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// From the terminal, else from COLUMNS. Read each time, since users resize terminals.
TerminalSize terminal_size() {
  TerminalSize size;
  winsize window{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    return {window.ws_col, window.ws_row};
  }
  const long columns = std::strtol(std::string(environment("COLUMNS")).c_str(), nullptr, 10);
  if (columns > 0) {
    size.columns = static_cast<std::size_t>(columns);
  }
  return size;
}

double share_done(const LoadPlan& plan, const RunListener::Progress& progress) {
  return plan.requests ? static_cast<double>(progress.completed + progress.failed) / static_cast<double>(*plan.requests)
                       : static_cast<double>(progress.elapsed.count()) / static_cast<double>(plan.duration.count());
}

}  // namespace

bool LiveView::possible() {
  const std::string_view terminal = environment("TERM");
  return ::isatty(STDERR_FILENO) == 1 && !terminal.empty() && terminal != "dumb";
}

LiveView::LiveView(const LoadPlan& plan, std::size_t targets, std::string run) : plan_(plan) {
  state_.headline = headline(plan);
  state_.run = std::move(run);
  state_.connections_asked =
      plan.connect_on_demand ? plan.idle * targets : (std::uint64_t{plan.connections} + plan.idle) * targets;
  if (plan.warmup_until_steady) {
    state_.warmup_until = fmt::format("the throughput is steady, {} at most", net::format_duration(plan.warmup));
  }
}

void LiveView::progress(const Progress& progress) {
  const bool same_phase = progress.phase == state_.phase && drawn_ > 0;
  if (same_phase && net::now() < drawn_at_ + kRedrawEvery) {
    return;
  }
  follow(progress);
  draw();
}

void LiveView::follow(const Progress& progress) {
  if (progress.phase != state_.phase) {
    samples_.clear();
  }
  state_.phase = progress.phase;
  state_.connections_up = progress.connections_up;
  state_.errors = progress.errors;
  state_.done.reset();
  state_.left.reset();
  switch (progress.phase) {
    case Progress::Phase::kConnecting:
      if (state_.connections_asked > 0) {
        state_.done = static_cast<double>(progress.connections_up) / static_cast<double>(state_.connections_asked);
      }
      break;
    case Progress::Phase::kWarmup:
      if (progress.elapsed > plan_.warmup) {
        state_.warmup_until = "every connection has been served";
      }
      state_.left = plan_.warmup - progress.elapsed;
      state_.done = static_cast<double>(progress.elapsed.count()) / static_cast<double>(plan_.warmup.count());
      break;
    case Progress::Phase::kWindow:
      state_.done = share_done(plan_, progress);
      if (!plan_.requests) {
        state_.left = plan_.duration - progress.elapsed;
      }
      break;
    case Progress::Phase::kDraining:
      break;
  }
  set_rates(progress);
}

void LiveView::set_rates(const Progress& progress) {
  const bool in_window = progress.phase == Progress::Phase::kWindow;
  samples_.push_back({progress.elapsed, in_window ? progress.completed : progress.completed + progress.outside});
  while (samples_.size() > 2 && samples_[1].elapsed + std::chrono::seconds(1) <= progress.elapsed) {
    samples_.pop_front();
  }
  const Nanoseconds span = samples_.back().elapsed - samples_.front().elapsed;
  const auto more = static_cast<double>(samples_.back().completed - samples_.front().completed);
  state_.rate_now =
      span > Nanoseconds(0) ? std::optional(more * 1e9 / static_cast<double>(span.count())) : std::nullopt;
  if (in_window && progress.elapsed > Nanoseconds(0)) {
    state_.rate_so_far = static_cast<double>(progress.completed) * 1e9 / static_cast<double>(progress.elapsed.count());
  }
  state_.asked_rate = plan_.rate_per_s;
  if (plan_.ramp) {
    const double along = in_window ? std::clamp(state_.done.value_or(0), 0.0, 1.0) : 0.0;
    state_.asked_rate = plan_.ramp->from_per_s + (plan_.ramp->to_per_s - plan_.ramp->from_per_s) * along;
  }
}

void LiveView::draw() {
  const TerminalSize size = terminal_size();
  const LiveStyle style{.width = std::max<std::size_t>(size.columns, 2) - 1,  // a full line may wrap
                        .colour = environment("NO_COLOR").empty(),
                        .unicode = locale_is_utf8()};
  std::vector<std::string> lines = live_lines(state_, style);
  lines.resize(std::min(lines.size(), std::max<std::size_t>(size.rows, 2) - 1));
  std::string frame = drawn_ > 0 ? fmt::format("\x1b[{}A\r", drawn_) : "";
  for (const std::string& line : lines) {
    frame += line + "\x1b[K\n";
  }
  os::print_text(stderr, frame + "\x1b[J");
  drawn_ = lines.size();
  drawn_at_ = net::now();
}

void LiveView::erase() {
  if (drawn_ > 0) {
    os::print_text(stderr, fmt::format("\x1b[{}A\r\x1b[J", drawn_));
    drawn_ = 0;
  }
}

}  // namespace fanin::load
