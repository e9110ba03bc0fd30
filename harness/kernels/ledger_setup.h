#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/kernels/guest_boot.h"
#include "harness/kernels/initramfs.h"
#include "harness/kernels/kernel_store.h"
#include "harness/kernels/ledger_document.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/run_directory.h"

namespace fanin::harness {

// What `fanin kernels` is asked to do.
struct LedgerOptions {
  std::vector<std::string> kernels;  // as given to --kernel
  std::string suite = "kernels";     // a shipped suite's name or a path
  Globs only;                        // as for make_cells()
  std::vector<std::uint64_t> seeds;  // the first for the ledger, others to compare with it; empty: the suite's, or 1
  std::string append;                // to the kernels' command lines
  std::vector<std::string> sysctls;  // NAME=VALUE
  std::uint64_t memory_mib = 512;    // of a guest
  std::string out;                   // directory; empty: results/SUITE-TIME
  std::string server_binary;
  std::string load_binary;
  int boots = 6;  // of each kernel, where times are measured
};

// A cell with the server that it is counted with.
struct LedgerCell {
  Cell cell;
  ServerSpec server;
};

// Everything that is checked before the first boot.
struct LedgerSetup {
  Emulator emulator;
  Programs programs;   // of this machine; the guest has them at paths of its own
  std::string plugin;  // fanin-ledger.so; empty: there is none
  Suite suite;
  std::vector<LedgerCell> cells;
  std::uint64_t seed = 1;
  std::vector<std::uint64_t> other_seeds;
  std::map<std::string, std::string> sysctls;
  std::vector<Kernel> kernels;
  std::vector<std::string> names;  // of the kernels, in the document
  Initramfs files;                 // of the guest, without the plan
  std::size_t parallel = 1;        // guests at a time
  std::string directory;           // of the results; empty: there is none
  RunLock lock;
};

// All of it but the kernels and the directory. Throws std::invalid_argument with one line.
LedgerSetup set_up_ledger(const LedgerOptions& options);

// Makes the directory of the results and locks it. Throws std::invalid_argument if it holds results, std::system_error
// if it cannot be written.
void make_ledger_directory(LedgerSetup& setup, const LedgerOptions& options);

// The steps, for who has cells of his own. All throw std::invalid_argument with one line.

// What options say by themselves, the emulator, and the programs next to fanin.
LedgerSetup begin_setup(const LedgerOptions& options);
// Init, the programs with their libraries, and the files that workloads name, which are in `folder`. The setup has its
// programs and cells by then.
void add_guest_files(LedgerSetup& setup, const std::filesystem::path& folder);
// Downloads what is missing, so it comes after all other checks.
void find_kernels(LedgerSetup& setup, const LedgerOptions& options);

// {"net.core.somaxconn": "1024"}. Throws std::invalid_argument for a text that is no NAME=VALUE.
std::map<std::string, std::string> parse_sysctls(const std::vector<std::string>& texts);

// What --append and --sysctl add to the kernels' command lines. The guest's init sets the values as well, and fails if
// it cannot, but only the command line is recorded: "sysctl.net.core.somaxconn=1024" (since Linux 5.8).
std::string format_append(const std::string& append, const std::map<std::string, std::string>& sysctls);

// How many guests fit on so many CPUs and so much memory; nothing known: one for each CPU. Throws std::invalid_argument
// if not even one does.
std::size_t choose_parallel(std::size_t cpus, std::optional<std::uint64_t> available_mib, std::uint64_t memory_mib);

// Of an installation or a build directory, next to the program or in its libexec; empty: it is not there.
std::string find_part(const Programs& programs, const std::string& name);

}  // namespace fanin::harness
