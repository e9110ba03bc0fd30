#pragma once

#include <memory>
#include <vector>

#include "loadgen/drivers/blocking_client.h"
#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/coordinator.h"
#include "loadgen/drivers/load_thread.h"

namespace fanin::load {

// Creates the threads of a plan, each with its share. Idle connections share the event loops of active ones or have
// loops of their own, since a blocking thread cannot watch them. All arguments must outlive the threads.
std::vector<std::unique_ptr<LoadThread>> make_load_threads(const LoadPlan& plan, const SourceAddresses& sources,
                                                           ConnectGate& gate);

// The body of a load thread: takes its own descriptor table if possible, connects, makes traffic, closes. This thread
// closes the connections, because their descriptors are invalid in another table. Reports a failure to the coordinator.
void run_load_thread(LoadThread& thread, Coordinator& coordinator) noexcept;

}  // namespace fanin::load
