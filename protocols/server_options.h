#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "net/clock.h"

namespace fanin::protocols {

// Values of the options of the server halves.
struct ServerProtocolOptions {
  std::string suffix;                                      // upper: put before the end of every line
  std::string reply = "goodbye!";                          // goodbye: answers every line
  net::Nanoseconds work = std::chrono::microseconds(100);  // work: CPU time that a heavy line costs
  std::uint64_t work_loops = 0;                            // work: steps of the burning loop instead; 0: as `work` says
  double work_share = 1;                                   // work: share of lines that are heavy, 0 to 1
  std::uint64_t reply_bytes = 65536;                       // bulk: length of every reply
  std::string root;                                        // http: the directory that holds the files
  // work: whether the server no longer waits for replies, so that a request in progress ends early.
  bool (*given_up)() noexcept = []() noexcept { return false; };
};

// An option of a server half. Its protocol declares it; the command line of fanin-server is made from it.
struct ServerOption {
  std::string_view name;  // without dashes; no two protocols share one
  std::variant<std::string ServerProtocolOptions::*, std::uint64_t ServerProtocolOptions::*,
               double ServerProtocolOptions::*, net::Nanoseconds ServerProtocolOptions::*>
      place;
  std::string_view help;
  double min = 0;     // of a number
  double max = 1e18;  // of a number; of a text: its length in bytes
};

// Well below the reply limit, so that a reply always fits.
inline constexpr double kMaxReplyText = 4096;

}  // namespace fanin::protocols
