#pragma once

#include "servers/epoll_connections.h"

namespace fanin::server {

// The loop of the model `epoll`: serves until drained. Models with several loops run one per thread or process.
void run_epoll_loop(EpollConnections& connections);

}  // namespace fanin::server
