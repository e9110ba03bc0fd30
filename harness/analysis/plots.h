#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fanin::harness {

// The Python module that draws the file or run directory. Throws std::invalid_argument where the file is no JSON.
std::string find_plots_module(const std::string& measured);

// Replaces this process by Python, which draws with the package `plots` in `data`. `arguments` are those of the module.
// Throws std::invalid_argument where there is no Python.
[[noreturn]] void draw_plots(const std::filesystem::path& data, const std::string& module,
                             const std::vector<std::string>& arguments);

}  // namespace fanin::harness
