#pragma once

#include <vector>

#include "servers/model.h"

namespace fanin::server {

// As many processes as --processes says, each running the model with listeners of its own on the same ports
// (SO_REUSEPORT), so that the limit on descriptors counts once for each. With more than one, this process does not
// serve: it replaces those that die and hands the stop on. Connections of different processes cannot see each other.
// Borrows both arguments; used by main's thread.
class Replicas {
 public:
  // Listens for all of them, so that connections spread from the first one on. Throws std::system_error.
  Replicas(const ServerModel& model, Server& first);

  // Returns when all are drained. Throws what the model throws, or std::system_error where not all can be forked.
  void run();

 private:
  const ServerModel& model_;
  Server& first_;
  // All listeners stay open here, so that what waits in the queue of a process that dies is served by the one that
  // takes its place.
  std::vector<Server> others_;
};

}  // namespace fanin::server
