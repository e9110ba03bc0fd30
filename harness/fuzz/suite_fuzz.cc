// A suite's text: it is accepted, or refused with a message, and nothing else happens.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/suite/suite.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin::harness;
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Suite suite = parse_suite(parse_json(text, "suite.json"), "suite.json");
    for (const Experiment& experiment : suite.experiments) {
      const std::vector<std::string> words = experiment.workload.load_arguments();
      const auto options =
          std::count_if(words.begin(), words.end(), [](const auto& word) { return word.starts_with("--"); });
      // An option has one value, or none where it is a flag.
      if (2 * static_cast<std::size_t>(options) < words.size() || experiment.workload.connections() < 1) {
        std::abort();  // what was accepted can be run
      }
    }
  } catch (const std::invalid_argument& refusal) {
    if (!std::string_view(refusal.what()).starts_with("suite.json: ")) {
      std::abort();  // which file is to blame is always said
    }
  }
  return 0;
}
