#pragma once

#include <string>

#include "protocols/payload.h"

namespace fanin {

// A client whose replies are one text but for the stamp of their request, so that a misplaced reply is detected.
class TemplateClient : public PayloadClient {
 public:
  struct Reply {
    std::string text;
    std::size_t stamp = 0;  // leading bytes that carry the stamp of the request, at most kStampDigits
    bool upper_case = false;
    bool ends_with_connection = false;  // the server closes after it
    bool half_closes = false;           // the client shuts its sending side down after the request
  };

  TemplateClient(Payload request, Reply reply) : PayloadClient(std::move(request)), reply_(std::move(reply)) {
    TemplateClient::set_request_slots(1);
  }

  std::string_view next_request(ClientState& state) override;
  void set_request_slots(std::size_t requests) final;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override;
  bool one_request_per_connection() const override { return reply_.ends_with_connection; }
  bool half_closes() const override { return reply_.half_closes; }

 protected:
  std::string expected(const ClientState& state) const override;

 private:
  inline bool is_whole_reply(const ClientState& state, std::string_view received) const;
  inline bool matches(const ClientState& state, std::string_view part) const;

  Reply reply_;
  std::string kept_;              // requests, one behind the other
  std::size_t next_request_ = 0;  // where the next of them begins
};

}  // namespace fanin
