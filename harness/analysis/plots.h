#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fanin::harness {

// The directory that holds the Python package `plots` and results/schema: that of the program, or the nearest one
// above it, as build/release/fanin has its source tree. Throws std::invalid_argument where there is none.
std::filesystem::path find_plots(const std::filesystem::path& program_directory);

// The Python module that draws the file or run directory. Throws std::invalid_argument where the file is no JSON.
std::string find_plots_module(const std::string& measured);

// Replaces this process by Python, which draws. `arguments` are those of the module. Returns never; throws
// std::invalid_argument where there is no Python.
[[noreturn]] void draw_plots(const std::filesystem::path& program_directory, const std::string& module,
                             const std::vector<std::string>& arguments);

}  // namespace fanin::harness
