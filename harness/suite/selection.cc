#include "harness/suite/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/json/json_reader.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {

std::vector<std::size_t> select_ids(const Globs& globs, const std::vector<std::string>& ids, std::string_view kind) {
  std::vector<bool> taken(ids.size(), globs.empty());
  for (const std::string& glob : globs) {
    bool takes_any = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (::fnmatch(glob.c_str(), ids[i].c_str(), 0) == 0) {
        taken[i] = true;
        takes_any = true;
      }
    }
    if (!takes_any) {
      throw std::invalid_argument(fmt::format("--only {}: no {} has this ID or matches it: the nearest are {}",
                                              os::printable(glob, kLongestName), kind,
                                              fmt::join(nearest_ids(ids, glob), ", ")));
    }
  }
  std::vector<std::size_t> selected;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (taken[i]) {
      selected.push_back(i);
    }
  }
  return selected;
}

std::vector<std::string> nearest_ids(const std::vector<std::string>& ids, const std::string& wrong) {
  std::vector<std::pair<std::size_t, std::size_t>> ranked;  // distance and index
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ranked.emplace_back(ids[i].find(wrong) != std::string::npos ? 0 : os::edit_distance(ids[i], wrong), i);
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min<std::size_t>(ranked.size(), 3));
  std::vector<std::string> nearest;
  nearest.reserve(ranked.size());
  for (const auto& [distance, index] : ranked) {
    nearest.push_back(ids[index]);
  }
  return nearest;
}

}  // namespace fanin::harness
