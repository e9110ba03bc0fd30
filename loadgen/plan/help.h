#pragma once

#include <string_view>

// Not CLI11's header: it costs every file that sees it five seconds.
namespace CLI {
class App;
}

namespace fanin::load {

// Puts the options into the groups in which --help shows them, with examples and exit codes below.
void describe_options(CLI::App& app);

// What `fanin-load` without arguments prints.
std::string_view usage_text() noexcept;

}  // namespace fanin::load
