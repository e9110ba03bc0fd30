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

namespace {

// The method of the largest remainder, with at least one for each.
std::vector<std::uint32_t> divide_by_weights(std::span<const double> weights, std::uint32_t whole) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::uint32_t> parts;
  std::vector<double> wanted;
  for (const double weight : weights) {
    wanted.push_back(weight / sum * whole);
    parts.push_back(std::max<std::uint32_t>(1, static_cast<std::uint32_t>(wanted.back())));
  }
  const auto excess = [&](std::size_t i) { return parts[i] - wanted[i]; };
  const auto by_excess = [&](std::size_t a, std::size_t b) { return excess(a) < excess(b); };
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), 0);
  for (auto total = std::accumulate(parts.begin(), parts.end(), std::uint64_t{0}); total != whole;) {
    std::stable_sort(order.begin(), order.end(), by_excess);
    if (total < whole) {
      ++parts[order.front()];
      ++total;
    } else {
      --parts[*std::find_if(order.rbegin(), order.rend(), [&](std::size_t i) { return parts[i] > 1; })];
      --total;
    }
  }
  return parts;
}

}  // namespace

void RequestMix::distribute_connections(std::span<const double> weights, std::uint32_t connections) {
  const std::vector<std::uint32_t> parts = divide_by_weights(weights, connections);
  std::vector<std::uint64_t> given(parts.size());
  class_of_.clear();
  for (std::uint64_t number = 1; number <= connections; ++number) {
    std::size_t next = 0;  // that lacks the most
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto lack = [&](std::size_t of) {
        return static_cast<double>(parts[of]) * static_cast<double>(number) -
               static_cast<double>(given[of]) * connections;
      };
      next = lack(i) > lack(next) ? i : next;
    }
    class_of_.push_back(static_cast<std::uint8_t>(next));
    ++given[next];
  }
}

std::uint32_t RequestMix::connections(std::size_t index) const noexcept {
  return static_cast<std::uint32_t>(std::count(class_of_.begin(), class_of_.end(), index));
}

double RequestMix::share(std::size_t index) const noexcept {
  if (unit() == Unit::kConnection) {
    return static_cast<double>(connections(index)) / static_cast<double>(class_of_.size());
  }
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
