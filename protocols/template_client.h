#pragma once

#include <string>

#include "protocols/client_protocol.h"

namespace fanin {

// A client whose requests and replies have a fixed form, except for a stamp of up to 16 hexadecimal digits at the front
// (connection and sequence number) that makes every request different, so that a misplaced reply is detected.
class TemplateClient : public ClientProtocol {
 public:
  struct Form {
    std::string request;            // as sent, stamp digits in place
    std::string reply;              // as expected
    std::size_t request_stamp = 0;  // leading bytes of the request that carry the stamp, at most 16
    std::size_t reply_stamp = 0;    // leading bytes of the reply that carry it
    bool upper_case_reply = false;
    bool ends_with_connection = false;  // the server closes after the reply
    bool half_closes = false;
  };

  explicit TemplateClient(Form form) : form_(std::move(form)) { set_request_slots(1); }

  void append_request(ClientState& state, std::string& out) override;
  std::string_view next_request(ClientState& state) override;
  void set_request_slots(std::size_t requests) final;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override;
  bool one_request_per_connection() const override { return form_.ends_with_connection; }
  bool half_closes() const override { return form_.half_closes; }
  std::size_t request_bytes() const override { return form_.request.size(); }

 protected:
  std::string expected(const ClientState& state) const override;

 private:
  inline bool is_whole_reply(const ClientState& state, std::string_view received) const;
  inline bool matches(const ClientState& state, std::string_view part) const;

  Form form_;
  std::string kept_;              // requests, one behind the other
  std::size_t next_request_ = 0;  // where the next of them begins
};

}  // namespace fanin
