#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "microbench/user_flows.h"

// Tasks that wait for memory instead of I/O: each follows pointers through a table that may exceed the caches. Several
// tasks can have their next node fetched at the same time if they switch instead of waiting, as index joins do
// (Psaropoulos, Legler, May, Ailamaki: Interleaving with Coroutines, VLDB 2017). do_steps(n): each task follows n
// pointers. All classes end at the same nodes. Used by one thread.
namespace fanin::microbench {

struct alignas(64) ChainNode {
  std::uint32_t next;
};

// One random cycle through all nodes, so that no prefetcher foresees the next one.
std::vector<ChainNode> make_chain(std::size_t bytes);

// The table that benchmarks share: a large one takes a second to make, so the last one is kept until another size is
// requested.
const std::vector<ChainNode>& shared_chain(std::size_t bytes);

// Where `tasks` tasks start, spread evenly.
std::vector<std::uint32_t> make_starts(const std::vector<ChainNode>& chain, std::size_t tasks);

// One task after the other: each waits for each of its nodes.
class SerialChains {
 public:
  SerialChains(const std::vector<ChainNode>& chain, std::size_t tasks)
      : chain_(chain), positions_(make_starts(chain, tasks)) {}

  void do_steps(std::size_t steps) noexcept;
  const std::vector<std::uint32_t>& positions() const noexcept { return positions_; }

 private:
  const std::vector<ChainNode>& chain_;
  std::vector<std::uint32_t> positions_;
};

// Each task asks for its next node (prefetch) and switches: `Flows` are `Coroutines` or `Fibers`.
template <typename Flows>
class InterleavedChains {
 public:
  InterleavedChains(const std::vector<ChainNode>& chain, std::size_t tasks) : positions_(make_starts(chain, tasks)) {
    for (std::uint32_t& position : positions_) {
      flows_.add([&chain, &position] {
        position = chain[position].next;
        __builtin_prefetch(&chain[position]);
      });
    }
  }

  void do_steps(std::size_t steps) {
    for (; steps > 0; --steps) {
      for (std::size_t task = 0; task < positions_.size(); ++task) {
        flows_.resume(task);
      }
    }
  }
  const std::vector<std::uint32_t>& positions() const noexcept { return positions_; }

 private:
  std::vector<std::uint32_t> positions_;
  Flows flows_;
};

}  // namespace fanin::microbench
