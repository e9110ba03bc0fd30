#pragma once

#include <filesystem>
#include <string>

namespace fanin::harness {

// Where the programs are. Paths of this machine: they never go into a result.
struct Programs {
  std::string self;
  std::string server;
  std::string load;
  std::string conformance;  // empty where there is none beside the others

  // The paths beside the running binary; an override that is not empty goes first.
  static Programs beside_self(const std::string& server_override, const std::string& load_override);

  // The directory of suites/, plots/ and results/schema/: share/fanin beside the program in a build directory, else
  // ../share/fanin, where `cmake --install` puts it. Throws std::invalid_argument if neither exists.
  std::filesystem::path data() const;
};

// Throws std::invalid_argument where the program at `path` is another one than fanin-load, CannotStart where none is.
void require_generator(const std::string& path);

// SHA-256 of a file in hexadecimal, by the sha256sum program. Throws std::runtime_error with the reason.
std::string sha256_of(const std::string& path);

}  // namespace fanin::harness
