#include "microbench/memory_chains.h"

#include <algorithm>
#include <random>
#include <utility>

namespace fanin::microbench {

// Sattolo's algorithm: a random permutation that is one cycle.
std::vector<ChainNode> make_chain(std::size_t bytes) {
  std::vector<ChainNode> chain(std::max<std::size_t>(2, bytes / sizeof(ChainNode)));
  for (std::uint32_t node = 0; node < chain.size(); ++node) {
    chain[node].next = node;
  }
  std::mt19937_64 random(1);
  for (std::size_t last = chain.size() - 1; last > 0; --last) {
    std::swap(chain[last].next, chain[random() % last].next);
  }
  return chain;
}

const std::vector<ChainNode>& shared_chain(std::size_t bytes) {
  static std::vector<ChainNode> last;
  if (last.size() != bytes / sizeof(ChainNode)) {
    last = {};  // before the next one is made
    last = make_chain(bytes);
  }
  return last;
}

std::vector<std::uint32_t> make_starts(const std::vector<ChainNode>& chain, std::size_t tasks) {
  std::vector<std::uint32_t> starts(tasks);
  for (std::size_t task = 0; task < tasks; ++task) {
    starts[task] = static_cast<std::uint32_t>(task * chain.size() / tasks);
  }
  return starts;
}

void SerialChains::do_steps(std::size_t steps) noexcept {
  for (std::uint32_t& position : positions_) {
    for (std::size_t left = steps; left > 0; --left) {
      position = chain_[position].next;
    }
  }
}

}  // namespace fanin::microbench
