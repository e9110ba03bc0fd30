#pragma once

#include <memory>
#include <vector>

#include "loadgen/drivers/blocking_client.h"
#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/coordinator.h"
#include "loadgen/drivers/load_thread.h"

namespace fanin::load {

// The threads that a plan asks for, each with its share. Idle connections are beside the active ones in their event
// loops, or in loops of their own: a blocking thread cannot watch any. All arguments must outlive the threads.
std::vector<std::unique_ptr<LoadThread>> make_load_threads(const LoadPlan& plan, const SourceAddresses& sources,
                                                           ConnectGate& gate);

// The whole life of one of them, to be called by a thread of its own: a table of descriptors of its own where there can
// be one, connecting, traffic, closing. Connections are closed by this thread, because their descriptors mean nothing
// in another's table. What fails is told to the coordinator.
void run_load_thread(LoadThread& thread, Coordinator& coordinator) noexcept;

}  // namespace fanin::load
