// A suite's text: it is accepted, or refused with a message, and nothing else happens.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "harness/suite.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin;
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Suite suite = parse_suite(parse_json(text, "suite.json"), "suite.json");
    for (const Experiment& experiment : suite.experiments) {
      if (experiment.workload.load_arguments().size() % 2 != 0 || experiment.workload.connections() < 1) {
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
