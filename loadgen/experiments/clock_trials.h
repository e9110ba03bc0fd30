#pragma once

#include "loadgen/drivers/loop_clock.h"
#include "loadgen/plan/idle_strategy.h"
#include "loadgen/records/histogram.h"
#include "net/clock.h"

namespace fanin::load {

// How well this machine keeps time, measured in the calling thread, which does nothing else meanwhile.

// Of reading the clock once: the median over batches, so that a stall does not count.
double clock_cost_ns();

// How much later than asked a wait ends, `times` waits of a millisecond: asleep as an event loop sleeps, or spinning.
Histogram wake_up_delays(IdleStrategy kind, int times);

// The shortest sleep that there is: how long one takes that asks for a microsecond, `times` of them.
Histogram shortest_sleeps(int times);

// What the machine takes from a thread that looks at the clock and does nothing else for so long.
BusyPollMeter::Preemptions preemptions_within(Nanoseconds length);

}  // namespace fanin::load
