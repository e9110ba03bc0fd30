#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/suite/plan.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// Where the programs are. Paths of this machine: they never go into a result.
struct Programs {
  std::string self;
  std::string server;
  std::string load;
  std::string conformance;  // empty: there is none next to the others
  std::string micro;        // fanin-micro; likewise

  // Those in the directory of the running program; overrides that are not empty replace them.
  static Programs find(const std::string& server_override, const std::string& load_override);

  // The directory of suites/, plots/ and results/schema/: share/fanin next to the program in a build directory, else
  // ../share/fanin, where `cmake --install` puts it. Throws std::invalid_argument if neither exists.
  std::filesystem::path data() const;
};

// Throws std::invalid_argument if the program at `path` is not fanin-load, CannotStart if there is none.
void require_generator(const std::string& path);

// SHA-256 of a file in hexadecimal, by the sha256sum program. Throws std::runtime_error with the reason.
std::string compute_sha256(const std::string& path);

struct Model {
  std::string name;
  std::string summary;
  std::string kind;  // "model" or "anti-pattern"
  bool supported = false;
  std::string reason;  // why this machine does not support it
  std::vector<std::string> protocols;
  std::optional<std::int64_t> max_descriptor;
  std::optional<std::int64_t> concurrency;  // connections that it serves at the same time; nothing: no bound
};

// What `fanin-server list --json` says it can do. A value; any thread.
class Catalogue {
 public:
  // Runs `program list --json`. Throws std::invalid_argument or std::system_error naming the program.
  static Catalogue query(const std::string& program);
  static Catalogue parse(const Json& listing, const std::string& name);

  const std::vector<Model>& models() const noexcept { return models_; }
  // The same models as if they served any number of connections: for measuring how they fail.
  Catalogue without_limits() const;
  const Model* find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::vector<Model> models_;
};

// Throws std::invalid_argument naming the first server of the suite in `file` whose model is not in the catalogue.
void check_models(const Suite& suite, const std::string& file, const Catalogue& catalogue);

// Whether the generator can interleave servers with this workload. `directory` holds the files that it names.
bool can_interleave(const Programs& programs, const Workload& workload, const std::string& directory);

// Why this cell cannot be measured here; empty: it can. The descriptor limit applies to each process; a server that
// scales out starts as many processes as it needs.
std::string unsupported_reason(const Cell& cell, const ServerSpec& server, const Catalogue& catalogue,
                               const MachineLimits& limits);

// Has the programs check their arguments, so that nothing is measured before one of them refuses what a suite asks for.
// Both throw std::invalid_argument "FILE: PLACE: what the program says", and std::system_error where it cannot start.

// What the program says on standard error if it refuses the arguments of `argv` (with --check); empty: it does not, or
// has other trouble, which is found and explained when it is used.
std::string find_refusal(std::vector<std::string> argv, const std::string& directory);

// The command line of a server of which only the arguments are checked: its directories exist, its port is 0.
// `program`: fanin-server; empty: that of `programs`.
std::vector<std::string> server_command_to_check(const ServerSpec& server, const Workload& workload,
                                                 const Programs& programs, const std::string& program = "");

// The arguments of models, as the suite in `file` has them, with the protocols that they serve.
void check_server_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                            const Catalogue& catalogue);

// The workload of every cell, equal ones once; `folder` is that of the suite, from which paths count.
void check_load_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                          const std::filesystem::path& folder);

}  // namespace fanin::harness
