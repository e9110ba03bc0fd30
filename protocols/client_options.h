#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fanin::protocols {

// Options of the client halves.
struct ClientProtocolOptions {
  std::size_t payload_bytes = 64;
  std::string payload;                     // fixed text instead of stamped bytes; its size rules
  std::optional<std::size_t> work_loops;   // work: the cost that every line states
  std::string suffix;                      // upper: that of the server
  std::string reply = "goodbye!";          // goodbye: that of the server
  std::string request;                     // raw: every request
  std::string reply_delimiter;             // raw: ends a reply
  std::optional<std::size_t> reply_bytes;  // bulk: that of the server, else 65536; raw: the length of a reply
  std::string reply_pattern;               // raw: matches a complete reply, see ReplyPattern
  std::size_t reply_limit = 65536;         // raw: the longest reply to a pattern
  std::string greeting_delimiter;          // raw: ends the server's greeting; one of these two, or neither
  std::string greeting_pattern;            // raw: matches it
  std::string setup_request;               // raw: sent once per connection, before the first request
  std::string setup_reply_delimiter;       // raw: ends its reply; one of these three
  std::optional<std::size_t> setup_reply_bytes;
  std::string setup_reply_pattern;
  std::string setup_expect;                   // raw: the complete set-up reply without its delimiter; empty: any
  std::string path = "/";                     // http: the target
  std::string host = "localhost";             // http: the Host field
  std::string method = "GET";                 // http
  std::vector<std::string> headers;           // http: "Name: value" each; one may be Host
  std::string body;                           // http: of every request
  std::string expect_status = "200-399";      // http: success, see StatusSet
  std::string expect_body;                    // http: the body of every reply; empty: any
  std::string expect_body_pattern;            // http: matches a part of it
  std::uint32_t requests_per_connection = 0;  // http: the last one asks the server to close; 0: none
  std::string expect;                         // raw: the complete reply without its delimiter; empty: any
};

}  // namespace fanin::protocols
