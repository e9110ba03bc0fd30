#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::harness {

// What --only takes: IDs, or globs as of fnmatch(3) (a * also takes slashes). None: everything.
using Globs = std::vector<std::string>;

// Indices of the IDs that one of the globs takes, in the order of the IDs. Throws std::invalid_argument for a glob that
// takes none; the message names the nearest IDs. `kind` is what has these IDs, such as "claim".
std::vector<std::size_t> select_ids(const Globs& globs, const std::vector<std::string>& ids, std::string_view kind);

// The three ids that `wrong` most likely means: those that contain it, else those with the fewest changes.
std::vector<std::string> nearest_ids(const std::vector<std::string>& ids, const std::string& wrong);

}  // namespace fanin::harness
