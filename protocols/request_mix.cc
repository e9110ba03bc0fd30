#include "protocols/request_mix.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "protocols/payload.h"

namespace fanin::protocols {
namespace {

constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15U;  // the step of splitmix64

}  // namespace

RequestMix::RequestMix(std::uint64_t seed, std::span<const double> weights, std::vector<bool> closes)
    : start_(splitmix_finish(seed + kGamma)), closes_(std::move(closes)) {
  closes_.resize(weights.size());
  const double whole = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (const double weight : weights.first(weights.size() - 1)) {
    sum += weight;
    // Not above the largest double below 2^64: a last weight that is tiny compared with the others would overflow.
    ends_.push_back(static_cast<std::uint64_t>(std::min(sum / whole * 0x1p64, 0x1.fffffffffffffp63)));
  }
}

double RequestMix::share(std::size_t index) const noexcept {
  const auto begin = index > 0 ? static_cast<double>(ends_[index - 1]) : 0;
  const auto end = index < ends_.size() ? static_cast<double>(ends_[index]) : 0x1p64;
  return (end - begin) / 0x1p64;
}

std::uint64_t RequestMix::draw(std::uint32_t connection, std::uint32_t number) const noexcept {
  const std::uint64_t place = std::uint64_t{connection} << 32 | number;
  return splitmix_finish(start_ + place * kGamma);
}

MixClient::MixClient(std::shared_ptr<const RequestMix> mix, std::vector<std::unique_ptr<ClientProtocol>> clients)
    : mix_(std::move(mix)), clients_(std::move(clients)) {
  for (const auto& client : clients_) {
    client->take_replies_singly();
  }
  set_up_by(clients_.front()->release_setup());  // the same for all classes
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

// A refused reply counts as completed: its client is that of the request before.
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

}  // namespace fanin::protocols
