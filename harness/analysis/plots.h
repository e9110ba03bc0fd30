#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fanin::harness {

// Replaces this process by Python, which draws with the package `plots` in `data`. `arguments` are those of the
// package. Throws std::invalid_argument where there is no Python.
[[noreturn]] void draw_plots(const std::filesystem::path& data, const std::vector<std::string>& arguments);

}  // namespace fanin::harness
