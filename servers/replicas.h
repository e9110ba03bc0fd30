#pragma once

#include <vector>

#include "servers/model.h"

namespace fanin::server {

// --processes processes, each running the model with its own listeners on the same ports (SO_REUSEPORT), so that the
// descriptor limit counts once per process. With more than one, this process does not serve: it replaces processes that
// die and forwards the stop. Connections of different processes cannot see each other. Borrows both arguments; used by
// the main thread.
class Replicas {
 public:
  // Listens for all processes, so that the kernel balances from the first connection on. Throws std::system_error.
  Replicas(const ServerModel& model, Server& first);

  // Returns when all processes are drained. Throws what the model throws, or std::system_error if a fork fails.
  void run();

 private:
  const ServerModel& model_;
  Server& first_;
  // The parent keeps all listeners open: the successor of a process that dies serves what waits in its queue.
  std::vector<Server> others_;
};

}  // namespace fanin::server
