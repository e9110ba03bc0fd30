#include "protocols/mix_client.h"

#include <algorithm>
#include <cmath>

#include "protocols/connection_setup.h"

namespace fanin {

MixClient::MixClient(std::shared_ptr<const RequestMix> mix, std::vector<std::unique_ptr<ClientProtocol>> clients)
    : mix_(std::move(mix)), clients_(std::move(clients)) {
  for (const auto& client : clients_) {
    client->take_replies_singly();
  }
  set_up_by(clients_.front()->release_setup());  // that of all of them
}

ClientProtocol& MixClient::client(const ClientState& state, std::uint32_t others) const noexcept {
  return *clients_[mix_->pick_class(state.connection, state.prior_requests + others)];
}

void MixClient::append_request(ClientState& state, std::string& out) {
  client(state, state.sent).append_request(state, out);
}

ReplyOutcome MixClient::consume(ClientState& state, std::string_view received) {
  return client(state, state.completed).consume(state, received);
}

ReplyOutcome MixClient::end_of_stream(ClientState& state) {
  return client(state, state.completed).end_of_stream(state);
}

// A reply that was refused counts as one that came: the client is that of the one before.
Mismatch MixClient::describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const {
  const std::uint32_t others = outcome.refused != kNotRefused ? state.completed - 1 : state.completed;
  return client(state, others).describe(state, received, outcome);
}

bool MixClient::asks_to_close() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->asks_to_close(); });
}

std::size_t MixClient::request_bytes() const {
  double mean = 0;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    mean += mix_->share(i) * static_cast<double>(clients_[i]->request_bytes());
  }
  return static_cast<std::size_t>(std::llround(mean));
}

}  // namespace fanin
