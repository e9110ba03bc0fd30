#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "microbench/benchmarks.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"
#include "protocols/work.h"

namespace fanin::microbench {
namespace {

constexpr std::size_t kReplyLimit = std::size_t{1} << 20;

struct Exchange {
  std::string request;
  std::string reply;
};

// One request and its reply from the server half.
Exchange make_exchange(const protocols::Protocol& protocol, protocols::ClientProtocol& client,
                       protocols::ClientState& state) {
  Exchange exchange;
  client.append_request(state, exchange.request);
  const auto session = protocol.make_sessions({})();
  protocols::ReplyBuffer out(exchange.reply, kReplyLimit);
  session->start(out);
  session->consume(exchange.request, out);
  return exchange;
}

// The server half: one request parsed and answered.
void serve_request(benchmark::State& state, const protocols::Protocol& protocol, std::size_t payload_bytes) {
  const auto client = protocol.make_client({.payload_bytes = payload_bytes});
  protocols::ClientState client_state;
  const Exchange exchange = make_exchange(protocol, *client, client_state);
  const auto session = protocol.make_sessions({})();
  std::string reply;
  for ([[maybe_unused]] auto _ : state) {
    reply.clear();
    protocols::ReplyBuffer out(reply, kReplyLimit);
    session->consume(exchange.request, out);
    benchmark::DoNotOptimize(reply.data());
  }
  if (reply != exchange.reply) {
    state.SkipWithError("the server half answers equal requests differently");
  }
}

// The client half: one request made and its reply verified. The reply is that to the first request, so every iteration
// starts with a new state.
void verify_reply(benchmark::State& state, const protocols::Protocol& protocol, std::size_t payload_bytes) {
  const auto client = protocol.make_client({.payload_bytes = payload_bytes});
  protocols::ClientState after;
  const Exchange exchange = make_exchange(protocol, *client, after);
  std::string request;
  for ([[maybe_unused]] auto _ : state) {
    request.clear();
    protocols::ClientState client_state;
    client->append_request(client_state, request);
    const protocols::ReplyOutcome outcome = client->consume_all(client_state, exchange.reply);
    if (outcome.completed != 1 || outcome.mismatch) {
      state.SkipWithError("the client half refuses the server's reply");
      break;
    }
  }
}

// The loop of the protocol `work` with --work-loops.
void burn_loops(benchmark::State& state) {
  constexpr std::uint64_t kLoops = 1000;
  const protocols::CpuBurner burner = protocols::CpuBurner::of_loops(kLoops);
  for ([[maybe_unused]] auto _ : state) {
    burner.burn();
  }
}

}  // namespace

void register_protocol_benchmarks() {
  benchmark::RegisterBenchmark("protocol/server/work/loops:1000", burn_loops);
  for (const char* name : {"echo", "upper"}) {
    const protocols::Protocol& protocol = protocols::find_protocol(name);
    for (const std::size_t bytes : {64U, 4096U}) {
      benchmark::RegisterBenchmark(
          fmt::format("protocol/server/{}/bytes:{}", name, bytes).c_str(),
          [&protocol, bytes](benchmark::State& state) { serve_request(state, protocol, bytes); });
      benchmark::RegisterBenchmark(
          fmt::format("protocol/client/{}/bytes:{}", name, bytes).c_str(),
          [&protocol, bytes](benchmark::State& state) { verify_reply(state, protocol, bytes); });
    }
  }
}

}  // namespace fanin::microbench
