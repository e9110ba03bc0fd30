#include "harness/rounds/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "harness/analysis/figures.h"
#include "harness/analysis/summary.h"
#include "os/printable.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kBarWidth = 24;

// `note` is what is the matter with the round, empty where it is valid.
std::string outcome(const Json& round, const std::string& note) {
  if (round.at("status") != "ok") {
    return "! " + note;
  }
  const std::string figures = fmt::format(
      "{}, p99 {}, server {} per request", figure(metric_of(round, "throughput_per_s"), "1/s"),
      figure(metric_of(round, "response_p99_ns"), "ns"), figure(metric_of(round, "server_cpu_per_request_ns"), "ns"));
  return note.empty() ? figures : figures + " ! " + note;
}

}  // namespace

Progress::Progress(bool is_terminal, std::size_t rounds, ExpectedTime planned)
    : is_terminal_(is_terminal),
      rounds_(rounds),
      planned_left_(planned + kRoundOverhead * static_cast<double>(rounds)),
      started_(now()) {}

// What is planned, stretched as the rounds so far were.
ExpectedTime Progress::time_left() const {
  if (planned_done_ <= ExpectedTime::zero()) {
    return planned_left_;
  }
  return planned_left_ * ((now() - started_) / planned_done_);
}

std::string Progress::spoken(ExpectedTime duration) {
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
  print_text(stderr, fmt::format("\r\033[K[{}{}] {}/{}  {} left  {}", std::string(filled, '#'),
                                 std::string(kBarWidth - filled, '.'), done_, rounds_, spoken(time_left()), cell));
}

void Progress::round_ends(const Json& round, ExpectedTime planned) {
  ++done_;
  planned_left_ -= planned + kRoundOverhead;
  planned_done_ += planned + kRoundOverhead;
  const std::string note = round_note(round);
  if (is_terminal_ && note.empty()) {
    return;  // the bar moves, and that is enough
  }
  print_text(stderr, fmt::format("{}{:>4}/{} {}: {}\n", is_terminal_ ? "\r\033[K" : "", done_, rounds_,
                                 round.at("cell").get<std::string>(), outcome(round, printable(note))));
}

void Progress::finish() {
  if (is_terminal_) {
    print_text(stderr, "\r\033[K");
  }
}

}  // namespace fanin::harness
