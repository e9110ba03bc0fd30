#pragma once

#include <string>
#include <string_view>

namespace fanin {

// How this program was built. Texts live for ever; those that are not known are empty.
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

// What --version prints, without a newline at its end. `features` is what only this program can say of itself.
std::string version_text(std::string_view program, std::string_view features);

// Why figures measured with this build are not those of a release, as a sentence for the user; empty: they are.
std::string build_warning();

}  // namespace fanin
