#pragma once

#include <span>

#include "loadgen/plan/option_table.h"

namespace fanin::load {

// The parts of the option table, in its order.
std::span<const Option> load_rows();     // connections and schedule
std::span<const Option> request_rows();  // requests and protocols
std::span<const Option> program_rows();  // several runs, slow clients, machine, output

}  // namespace fanin::load
