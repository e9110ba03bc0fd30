#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/clock.h"

namespace fanin {

// Options of the server halves.
struct ServerProtocolOptions {
  std::string suffix;                                 // upper: put before the end of every line
  std::string reply = "goodbye!";                     // goodbye: answers every line
  Nanoseconds work = std::chrono::microseconds(100);  // work: CPU time that a heavy line costs
  std::uint64_t work_loops = 0;                       // work: steps of the burning loop instead; 0: as `work` says
  double work_share = 1;                              // work: share of lines that are heavy, 0 to 1
  std::size_t reply_bytes = 65536;                    // bulk: length of every reply
  std::string root;                                   // http: the directory that holds the files
  // work: whether the server no longer waits for replies, so that a request in progress ends early.
  bool (*given_up)() noexcept = []() noexcept { return false; };
};

// Options of the client halves.
struct ClientProtocolOptions {
  std::size_t payload_bytes = 64;
  std::string payload;                     // fixed text instead of stamped bytes; its size rules
  std::string suffix;                      // upper: what the server was given
  std::string reply = "goodbye!";          // goodbye: what the server was given
  std::string request;                     // raw: what is sent
  std::string reply_delimiter;             // raw: what ends a reply
  std::optional<std::size_t> reply_bytes;  // bulk: what the server was given, else 65536; raw: the length of a reply
  std::string reply_pattern;               // raw: what matches a whole reply, as ReplyPattern takes it
  std::size_t reply_limit = 65536;         // raw: the longest reply to a pattern
  std::string greeting_delimiter;          // raw: what ends the server's greeting; one of these two, or neither
  std::string greeting_pattern;            // raw: what matches it
  std::string setup_request;               // raw: what is sent once per connection, before the first request
  std::string setup_reply_delimiter;       // raw: what ends the reply to that; one of these three
  std::optional<std::size_t> setup_reply_bytes;
  std::string setup_reply_pattern;
  std::string setup_expect;                   // raw: the whole reply to that without its delimiter; empty takes any
  std::string path = "/";                     // http: what is asked for
  std::string host = "localhost";             // http: what the Host field says
  std::string method = "GET";                 // http
  std::vector<std::string> headers;           // http: "Name: value" each; may name the host
  std::string body;                           // http: what is sent along
  std::string expect_status = "200-399";      // http: what counts as success, as StatusSet reads it
  std::string expect_body;                    // http: the whole body of every reply; empty takes any
  std::string expect_body_pattern;            // http: what matches something of it
  std::uint32_t requests_per_connection = 0;  // http: the last of them asks the server to close; 0: none does
  std::string expect;                         // raw: the whole reply without its delimiter; empty takes any
};

}  // namespace fanin
