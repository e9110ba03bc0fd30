#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/guest/guest_plan.h"

namespace fanin::guest {

// Runs one cell between its two markers: server, generator, and the frames that tell of them. A failure is a frame too.
void run_cell(const GuestCell& cell, std::uint32_t number);

// Runs `fanin run` to its end and sends its run.json. Throws std::exception where it did not finish.
void run_suite(const std::vector<std::string>& argv);

// Runs a program to its end and returns what it prints.
std::string run_and_read(const std::vector<std::string>& argv);

}  // namespace fanin::guest
