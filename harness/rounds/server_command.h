#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/suite/server.h"
#include "harness/suite/workload.h"
#include "os/temporary_directory.h"

namespace fanin::harness {

// What stands in the words of a server for its placeholders.
struct Placeholders {
  std::uint16_t port = 0;         // {port}
  std::uint64_t descriptors = 0;  // that each process may hold, for {processes}: as many as the connections need
  std::string share = {};         // {share}: fanin's data
  std::string build = {};         // {build}: what the server's build command has filled
  std::string scratch = {};       // {scratch}: of this process of the server
};

// The command line of a server with its placeholders replaced. `program` is fanin-server.
std::vector<std::string> server_command(const ServerSpec& spec, const Workload& workload, const std::string& program,
                                        const Placeholders& places);

// The directories that the build commands of servers have filled, each once. Owns them. One thread.
class BuildDirectories {
 public:
  // The directory of a server that has a build command; runs it the first time, on `cpus`. Throws RoundFailure if the
  // command fails, Interrupted, and std::system_error if the harness lacks a resource.
  const std::string& require(const ServerSpec& server, const std::string& share, const std::vector<int>& cpus,
                             int interrupt_fd);

 private:
  std::map<std::vector<std::string>, os::TemporaryDirectory> directories_;  // by command line
};

}  // namespace fanin::harness
