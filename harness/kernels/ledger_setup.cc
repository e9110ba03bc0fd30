#include "harness/kernels/ledger_setup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/rounds/suite_run.h"
#include "net/affinity.h"
#include "os/format.h"
#include "os/procfs.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kEmulatorMib = 512;  // QEMU's translated code and the host's copies of the guest's files

std::optional<std::uint64_t> read_available_mib() {
  const auto meminfo = os::read_file("/proc/meminfo");
  const auto kib = meminfo ? os::find_labelled_number(*meminfo, "MemAvailable") : std::nullopt;
  return kib ? std::optional(*kib / 1024) : std::nullopt;
}

template <typename Value>
void refuse_duplicates(std::string_view option, const std::vector<Value>& values) {
  std::set<Value> given;
  for (const Value& value : values) {
    if (!given.insert(value).second) {
      throw std::invalid_argument(
          fmt::format("{} {} is given twice: give each {} once", option, value, option.substr(2)));
    }
  }
}

// Returns its folder.
fs::path read_suite(LedgerSetup& setup, const LedgerOptions& options) {
  const std::string path = find_suite(options.suite, setup.programs);
  setup.suite = parse_suite(load_json(path), path);
  const fs::path folder = fs::absolute(path).parent_path();
  check_suite_files(setup.suite, folder);
  const Catalogue catalogue = Catalogue::query(setup.programs.server);
  check_models(setup.suite, path, catalogue);
  check_server_arguments(setup.suite, path, setup.programs, catalogue);
  check_load_arguments(setup.suite, path, setup.programs, folder);
  for (Cell& cell : make_cells(setup.suite, options.only)) {
    const auto server = std::find_if(setup.suite.servers.begin(), setup.suite.servers.end(),
                                     [&](const ServerSpec& each) { return each.name == cell.server; });
    setup.cells.push_back({std::move(cell), *server});
  }
  return folder;
}

}  // namespace

std::map<std::string, std::string> parse_sysctls(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> values;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, std::min(equals, text.size()));
    const auto is_of_name = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    };
    const bool is_name = !name.empty() && name.front() != '.' && name.find("..") == std::string::npos &&
                         std::all_of(name.begin(), name.end(), is_of_name);
    if (equals == std::string::npos || !is_name) {
      throw std::invalid_argument(
          fmt::format("--sysctl {}: must be NAME=VALUE, such as net.core.somaxconn=1024", os::printable(text, 200)));
    }
    values[name] = text.substr(equals + 1);
  }
  return values;
}

std::string format_append(const std::string& append, const std::map<std::string, std::string>& sysctls) {
  std::string text = append;
  for (const auto& [name, value] : sysctls) {
    const bool is_quoted = value.find(' ') != std::string::npos;
    text += fmt::format("{}sysctl.{}={}", text.empty() ? "" : " ", name, is_quoted ? '"' + value + '"' : value);
  }
  return text;
}

std::size_t choose_parallel(std::size_t cpus, std::optional<std::uint64_t> available_mib, std::uint64_t memory_mib) {
  const std::uint64_t each = memory_mib + kEmulatorMib;
  if (available_mib && *available_mib < each) {
    throw std::invalid_argument(fmt::format(
        "a guest with {} MiB needs {} MiB of memory, and {} MiB are available: end other programs, or lower "
        "--memory",
        memory_mib, each, *available_mib));
  }
  const std::uint64_t fit = available_mib ? *available_mib / each : cpus;
  return std::max<std::size_t>(1, std::min<std::size_t>(cpus, fit));
}

std::string find_part(const Programs& programs, const std::string& name) {
  const fs::path folder = fs::path(programs.self).parent_path();
  for (const fs::path& candidate : {folder / name, folder / "../libexec/fanin" / name}) {
    if (::access(candidate.c_str(), R_OK) == 0) {
      return candidate.lexically_normal().string();
    }
  }
  return "";
}

LedgerSetup begin_setup(const LedgerOptions& options) {
  LedgerSetup setup;
  for (const std::string& text : options.kernels) {
    parse_kernel_request(text);
  }
  refuse_duplicates("--kernel", options.kernels);
  refuse_duplicates("--seed", options.seeds);
  setup.sysctls = parse_sysctls(options.sysctls);
  setup.emulator = find_emulator();
  setup.parallel = choose_parallel(net::allowed_cpus().size(), read_available_mib(), options.memory_mib);
  setup.programs = make_context(options.server_binary, options.load_binary).programs;
  return setup;
}

void add_guest_files(LedgerSetup& setup, const fs::path& folder) {
  const std::string init = find_part(setup.programs, "fanin-guest");
  if (init.empty()) {
    throw std::invalid_argument(fmt::format(
        "fanin-guest is not next to {}: build the project for x86-64, without sanitizers", setup.programs.self));
  }
  setup.files.add_file("/init", init);
  setup.files.add_directory(guest::kSuiteDirectory);
  for (const LedgerCell& each : setup.cells) {
    for (const std::string& file : each.cell.workload.files()) {
      setup.files.add_file(fmt::format("{}/{}", guest::kSuiteDirectory, file), (folder / file).string());
    }
  }
  add_program(setup.files, guest::kServerPath, setup.programs.server);
  add_program(setup.files, guest::kGeneratorPath, setup.programs.load);
  setup.plugin = find_part(setup.programs, "fanin-ledger.so");
}

void find_kernels(LedgerSetup& setup, const LedgerOptions& options) {
  const KernelStore store(kernel_cache_directory());
  for (const std::string& text : options.kernels) {
    setup.kernels.push_back(store.find(parse_kernel_request(text)));
  }
  setup.names = name_kernels(setup.kernels);
}

LedgerSetup set_up_ledger(const LedgerOptions& options) {
  LedgerSetup setup = begin_setup(options);
  const fs::path folder = read_suite(setup, options);
  add_guest_files(setup, folder);
  setup.seed = options.seeds.empty() ? setup.suite.seed.value_or(1) : options.seeds.front();
  setup.other_seeds.assign(options.seeds.begin() + (options.seeds.empty() ? 0 : 1), options.seeds.end());
  return setup;
}

void make_ledger_directory(LedgerSetup& setup, const LedgerOptions& options) {
  setup.directory =
      options.out.empty() ? "results/" + choose_run_id(setup.suite.name, "", std::time(nullptr)) : options.out;
  std::error_code error;
  fs::create_directories(setup.directory, error);
  if (error || ::access(setup.directory.c_str(), W_OK) != 0) {
    throw std::system_error(error ? error.value() : errno, std::generic_category(),
                            fmt::format("cannot write results to {} (choose another with --out)", setup.directory));
  }
  setup.lock = RunLock(setup.directory);
  for (const char* taken : {"ledger.json", "run.json", "rounds.jsonl"}) {
    if (fs::exists(fs::path(setup.directory) / taken)) {
      throw std::invalid_argument(
          fmt::format("{}: holds results already: choose another directory with --out", setup.directory));
    }
  }
}

}  // namespace fanin::harness
