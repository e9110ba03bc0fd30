#pragma once

#include "net/clock.h"

namespace fanin::load {

// Most signatures of the generator name these.
using net::Nanoseconds;
using net::TimePoint;

}  // namespace fanin::load
