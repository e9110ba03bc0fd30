#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <string>

#include "harness/json/json_reader.h"
#include "harness/suite/plan.h"
#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin::harness {

// Turns SIGINT, SIGTERM, SIGQUIT and the SIGHUP of a terminal that goes into a readable descriptor, so that every wait
// of the harness can end at once. A second signal of the same kind ends the program in the ordinary way. One instance
// per program; it owns the handlers.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  int fd() const noexcept { return event_.get(); }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGQUIT, SIGHUP};

  net::Descriptor event_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

// A round in one line of at most 100 columns: its figures, and a mark with the codes of what is the matter with it.
std::string round_line(const Json& round, std::size_t done, std::size_t rounds);

// What a person sees while a suite runs, on standard error: a bar with the time left on a terminal, one plain line per
// round elsewhere. One thread.
class Progress {
 public:
  // `planned` is what `rounds` rounds are expected to take together.
  Progress(bool is_terminal, std::size_t rounds, ExpectedTime planned);

  void round_begins(const std::string& cell);
  void round_ends(const Json& round, ExpectedTime planned);
  void finish();  // takes the bar away

  // "3 min 20 s"
  static std::string format_estimate(ExpectedTime duration);

 private:
  ExpectedTime time_left() const;

  bool is_terminal_;
  std::size_t rounds_;
  std::size_t done_ = 0;
  ExpectedTime planned_left_;
  ExpectedTime planned_done_{};
  net::TimePoint started_;
};

}  // namespace fanin::harness
