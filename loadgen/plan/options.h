#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/records/clock.h"
#include "net/socket.h"
#include "os/arrival_trace.h"
#include "os/files.h"

// Not CLI11's header: it costs every file that sees it five seconds.
namespace CLI {
class App;
}

namespace fanin::load {

inline constexpr Nanoseconds kDefaultDuration = std::chrono::seconds(10);

// An option of a protocol as it was given: its name without dashes, and its text.
using GivenOption = std::pair<std::string, std::string>;

// The contents of the files that --body-file names, by name.
using BodyFiles = std::map<std::string, std::shared_ptr<const os::InputFile>>;

// The options of a command line; those not given are empty or have their defaults. Each option is a row of the
// option table (option_table.h).
struct LoadOptions {
  std::string target;
  std::vector<std::string> targets;               // interleaved
  std::map<std::string, net::Address> addresses;  // of targets given by names, which resolve_targets() has found
  std::optional<Nanoseconds> interleave;
  std::string driver = "auto";
  std::optional<std::int64_t> connections;
  std::optional<std::int64_t> threads;
  std::optional<std::string> protocol;        // echo where neither it nor the target says
  std::vector<GivenOption> protocol_options;  // in the order of the command line
  std::vector<std::string> mix;               // classes of requests: WEIGHT KEY=VALUE...
  bool mix_by_connection = false;
  BodyFiles body_files;
  std::optional<double> rate_per_s;
  std::optional<std::string> arrival;
  std::shared_ptr<const os::ArrivalTrace> trace;  // of the file that `arrival` names
  std::optional<std::string> ramp;
  std::optional<std::string> sweep;
  std::optional<std::string> find_rate;
  std::vector<std::string> assertions;
  double find_precision = 0.02;
  std::optional<Nanoseconds> duration;
  std::optional<std::int64_t> requests;
  std::string warmup = "1s";  // or auto
  std::int64_t pipeline = 1;
  std::optional<Nanoseconds> think_time;
  std::optional<std::int64_t> requests_per_connection;
  std::int64_t idle = 0;
  bool verify_idle = false;
  std::optional<std::string> connecting;  // a number, or all
  Nanoseconds timeout = std::chrono::seconds(5);
  std::string close = "fin";
  std::optional<std::int64_t> send_rate;  // bytes per second and connection, as the next one
  std::optional<std::int64_t> read_rate;
  std::optional<std::int64_t> receive_buffer;
  std::optional<Nanoseconds> trickle;
  std::optional<double> aborts_per_s;
  std::string cpus;
  std::string wait = "auto";
  bool timestamps = false;
  std::int64_t seed = 1;
  std::vector<std::int64_t> server_pids;  // one for each target
  std::optional<std::int64_t> control_fd;
  std::string calibration_path;
  std::optional<os::InputFile> calibration;  // what is in it
  std::string json_path;
  std::string live_json_path;
  bool quiet = false;
  bool check = false;
  bool allow_remote = false;
  bool allow_busy = false;
};

// Declares the options of the table, in its groups. `options` must outlive the parsing.
void add_load_options(CLI::App& app, LoadOptions& options);

// Reads the command line and the input files. Returns an exit code where help was printed, asked for or not. Throws
// std::invalid_argument saying what is wrong with the line.
std::optional<int> parse_command(int argc, char** argv, LoadOptions& options);

// Reads the files that the options name, each once: a command makes several plans, and all of them send the same bytes,
// also those of a pipe. Throws std::invalid_argument.
void read_input_files(LoadOptions& options);

// Throws std::invalid_argument where a file that is written is also one that was read, another one that is written, or
// standard output with a summary on it. The live lines must have been opened: a file that does not exist is no other's.
void refuse_shared_files(const LoadOptions& options);

}  // namespace fanin::load
