#pragma once

#include <array>
#include <csignal>

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

  Descriptor event_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace fanin::harness
