#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanin::ledger {

// Whom instructions are booked on: the programs of the guest, and the kernel's own threads.
enum class Program : std::uint8_t { kServer, kGenerator, kKernel, kInit };

inline constexpr std::array<std::string_view, 4> kProgramNames{"server", "generator", "kernel", "init"};

constexpr std::size_t index_of(Program program) noexcept { return static_cast<std::size_t>(program); }

}  // namespace fanin::ledger
