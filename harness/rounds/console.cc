#include "harness/rounds/console.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>

#include "harness/analysis/notes.h"
#include "harness/analysis/summary.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

volatile int event_fd = -1;  // for the handler alone

void on_signal(int) {
  const int saved = errno;
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(event_fd, &one, sizeof one);
  static_cast<void>(ignored);
  errno = saved;
}

}  // namespace

Interrupt::Interrupt() : event_(net::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  event_fd = event_.get();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (kSignals[i] != SIGHUP || before_[i].sa_handler != SIG_IGN) {  // nohup(1) has it ignored
      ::sigaction(kSignals[i], &action, nullptr);
    }
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  event_fd = -1;
}

namespace {

constexpr std::size_t kBarWidth = 24;

std::string round_figures(const Json& round) {
  return fmt::format("{}, p99 {}, server {} per request", format_figure(metric_of(round, "throughput_per_s"), "1/s"),
                     format_figure(metric_of(round, "response_p99_ns"), "ns"),
                     format_figure(metric_of(round, "server_cpu_per_request_ns"), "ns"));
}

// The codes; a round that failed has its reason, which has no code.
std::string mark(const RoundNotes& notes) {
  const bool has_codes = notes.reasons.front().code != notes.state;
  const std::string text = has_codes ? join_codes(notes.reasons) : notes.reasons.front().text;
  return notes.state == "warning" ? text : notes.state + ": " + text;
}

}  // namespace

std::string round_line(const Json& round, std::size_t done, std::size_t rounds) {
  constexpr std::size_t kWidth = 100;
  const RoundNotes notes = round_notes(round);
  std::string line = fmt::format("{:>4}/{} {}:", done, rounds, round.at("cell").get<std::string>());
  line += round.at("status") == "ok" ? " " + round_figures(round) : "";
  if (notes.state.empty()) {
    return os::printable(line, kWidth);
  }
  const std::string marked = " ! " + mark(notes);
  const std::string end = os::printable(marked, std::max(kWidth / 2, kWidth - std::min(kWidth, line.size())));
  return os::printable(line, kWidth - end.size()) + end;
}

Progress::Progress(bool is_terminal, std::size_t rounds, ExpectedTime planned)
    : is_terminal_(is_terminal),
      rounds_(rounds),
      planned_left_(planned + kRoundOverhead * static_cast<double>(rounds)),
      started_(net::now()) {}

// What is planned, scale as the rounds so far were.
ExpectedTime Progress::time_left() const {
  if (planned_done_ <= ExpectedTime::zero()) {
    return planned_left_;
  }
  return planned_left_ * ((net::now() - started_) / planned_done_);
}

std::string Progress::format_estimate(ExpectedTime duration) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds < 60) {
    return fmt::format("{} s", seconds);
  }
  if (seconds < 3600) {
    return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  }
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

void Progress::round_begins(const std::string& cell) {
  if (!is_terminal_) {
    return;
  }
  const std::size_t filled = rounds_ == 0 ? kBarWidth : kBarWidth * done_ / rounds_;
  os::print_text(stderr,
                 fmt::format("\r\033[K[{}{}] {}/{}  {} left  {}", std::string(filled, '#'),
                             std::string(kBarWidth - filled, '.'), done_, rounds_, format_estimate(time_left()), cell));
}

void Progress::round_ends(const Json& round, ExpectedTime planned) {
  ++done_;
  planned_left_ -= planned + kRoundOverhead;
  planned_done_ += planned + kRoundOverhead;
  if (is_terminal_ && round_notes(round).state.empty()) {
    return;  // the bar moves, and that is enough
  }
  os::print_text(stderr, (is_terminal_ ? "\r\033[K" : "") + round_line(round, done_, rounds_) + "\n");
}

void Progress::finish() {
  if (is_terminal_) {
    os::print_text(stderr, "\r\033[K");
  }
}

}  // namespace fanin::harness
