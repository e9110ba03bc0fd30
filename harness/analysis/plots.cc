#include "harness/analysis/plots.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "net/clock.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

// The package is taken from the directory that follows, and nothing from the working directory: a folder `plots` there
// is another one. plots/programs.py restarts with an interpreter that has matplotlib if this one lacks it.
constexpr const char* kStart =
    "import runpy, sys\n"
    "sys.path[:] = [sys.argv.pop(1)] + [each for each in sys.path if each]\n"
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)";

// Another program, to which exec would leave everything, draws nothing and need not say so.
bool is_python(const std::string& program) {
  try {
    os::ChildProcess child({{program, "-c", "print('a ' + 'python')"}, {}, -1, os::Output::Keep::kTail});
    const auto ended = [&] { return child.status().has_value(); };
    return os::wait_until({&child}, -1, -1, net::now() + std::chrono::seconds(30), ended) == os::WaitResult::kDone &&
           child.status()->clean() && child.out().last_line() == "a python";
  } catch (const os::CannotStart&) {
    return false;
  }
}

std::vector<std::string> interpreters() {
  if (const char* wish = std::getenv("FANIN_PYTHON"); wish != nullptr && *wish != '\0') {
    if (!is_python(wish)) {
      throw std::invalid_argument(fmt::format(
          "FANIN_PYTHON is {}, which is no Python: name an interpreter: FANIN_PYTHON=/path/to/python3", wish));
    }
    return {wish};
  }
  return {"python3", "/usr/bin/python3", "/usr/local/bin/python3"};
}

}  // namespace

void draw_plots(const std::filesystem::path& data, const std::vector<std::string>& arguments) {
  ::setenv("FANIN_PROGRAM", "fanin", 1);  // the name in the messages of `plots`
  for (const std::string& interpreter : interpreters()) {
    std::vector<std::string> words{interpreter, "-c", kStart, data.string(), "plots"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execvp(pointers.front(), pointers.data());
  }
  throw std::invalid_argument(
      "there is no Python to draw with: run ./bootstrap.sh, or name an interpreter: FANIN_PYTHON=/path/to/python3");
}

}  // namespace fanin::harness
