#include "os/build_info.h"

#include <fmt/format.h>

namespace fanin::os {

std::string version_text(std::string_view program, std::string_view features) {
  constexpr std::size_t kShortCommit = 10;
  const BuildInfo& build = build_info();
  std::string text = fmt::format("{} {}", program, build.version);
  text += build.git_commit.empty() ? ", commit unknown"
                                   : fmt::format(", commit {}{}", build.git_commit.substr(0, kShortCommit),
                                                 build.git_dirty ? " with changes" : "");
  text += fmt::format(", {}{}, {}", build.build_type, build.optimised ? "" : " (not optimised)", build.compiler);
  text += build.sanitizers.empty() ? "" : fmt::format(", sanitizers {}", build.sanitizers);
  return features.empty() ? text : fmt::format("{}\n{}", text, features);
}

std::string build_warning() {
  const BuildInfo& build = build_info();
  const std::string_view advice = "measure with the release preset";
  if (!build.sanitizers.empty()) {
    return fmt::format("this program was built with sanitizers ({}), which cost time: {}", build.sanitizers, advice);
  }
  return build.optimised ? "" : fmt::format("this program was built without optimisation: {}", advice);
}

}  // namespace fanin::os
