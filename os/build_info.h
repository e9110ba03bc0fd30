#pragma once

#include <string>
#include <string_view>

namespace fanin::os {

// How this program was built. The texts are static; an unknown one is empty.
struct BuildInfo {
  std::string_view version;
  std::string_view compiler;
  std::string_view build_type;
  std::string_view flags;
  std::string_view sanitizers;
  std::string_view liburing;
  std::string_view git_commit;  // empty: built outside a git checkout
  bool git_dirty = false;       // the checkout had changes
  bool optimised = false;
};

const BuildInfo& build_info() noexcept;

// The output of --version without its last newline. `features` is a line about this program alone.
std::string version_text(std::string_view program, std::string_view features);

// Why measurements with this build do not stand for a release build, as one sentence; empty: they do.
std::string build_warning();

}  // namespace fanin::os
