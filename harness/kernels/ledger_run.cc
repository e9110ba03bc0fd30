#include "harness/kernels/ledger_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/kernels/ledger_cell.h"
#include "harness/kernels/ledger_difference.h"
#include "harness/kernels/ledger_report.h"
#include "harness/kernels/raw_ledger.h"
#include "harness/kernels/symbols.h"
#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/server_under_test.h"
#include "os/files.h"
#include "os/format.h"
#include "os/procfs.h"
#include "os/program.h"
#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

// From the set-up to the document. Owns the files of the boots. One thread.
class LedgerRun {
 public:
  LedgerRun(LedgerSetup setup, const LedgerOptions& options);

  void read_symbols(int interrupt_fd);  // both throw Interrupted
  void count_cells(int interrupt_fd);
  Json document() const;
  // What the cells are counted with next. Counts of the last one are forgotten.
  void use_seed(std::uint64_t seed);
  // Cells that were not counted have failed.
  void end_early();
  // The counts of all cells with the seed, without functions and paths.
  Json list_totals() const;

 private:
  // A cell on a kernel.
  struct Place {
    std::size_t kernel;
    std::size_t cell;
  };

  fs::path symbol_file(std::size_t kernel) const;
  std::string ledger_file(const std::string& name) const { return fmt::format("{}/{}.ledger", scratch_.path(), name); }
  std::string write_initramfs(const guest::GuestPlan& plan, const std::string& name) const;
  GuestBoot make_boot(std::size_t kernel, const std::string& initramfs, const std::string& name) const;
  std::vector<std::string> plugin_arguments(std::size_t kernel, const std::string& name) const;
  void take_symbols(std::size_t kernel, const BootResult& boot);
  void take_cell(const Place& place, const BootResult& boot, const std::string& name);
  Json book(const Place& place, const BootResult& boot, const std::string& name);
  Json count(const Place& place, const BootResult& boot, const GuestOutcome& outcome, const std::string& raw);
  void keep_console(const BootResult& boot, const std::string& name) const;

  LedgerSetup setup_;
  const LedgerOptions& options_;
  LedgerWindow window_;
  os::TemporaryDirectory scratch_;
  std::vector<std::unique_ptr<KernelSymbols>> symbols_;  // of each kernel; null: they could not be read
  std::vector<std::string> without_symbols_;             // of each kernel: why; empty: it has them
  UserSymbols user_symbols_;
  Json environment_;
  std::vector<Json> kernels_;
  std::vector<std::vector<Json>> cells_;  // by kernel and cell
  std::size_t done_ = 0;
};

std::map<std::string, fs::path> list_sources(const Initramfs& files) {
  return {files.sources().begin(), files.sources().end()};
}

LedgerRun::LedgerRun(LedgerSetup setup, const LedgerOptions& options)
    : setup_(std::move(setup)),
      options_(options),
      symbols_(setup_.kernels.size()),
      without_symbols_(setup_.kernels.size()),
      user_symbols_("/", list_sources(setup_.files)),
      environment_(read_environment(setup_.programs)),
      cells_(setup_.kernels.size(), std::vector<Json>(setup_.cells.size())) {
  for (std::size_t i = 0; i < setup_.kernels.size(); ++i) {
    kernels_.push_back(
        make_kernel_entry(setup_.kernels[i], setup_.names[i], kernel_command_line(make_boot(i, "", ""))));
  }
}

// By the image's checksum: with nokaslr all boots of an image have the same addresses.
fs::path LedgerRun::symbol_file(std::size_t kernel) const {
  return kernel_cache_directory() / "symbols" / (setup_.kernels[kernel].image_sha256 + ".kallsyms");
}

std::string LedgerRun::write_initramfs(const guest::GuestPlan& plan, const std::string& name) const {
  Initramfs files = setup_.files;
  files.add_text(guest::kPlanPath, guest::format_plan(plan));
  std::string path = fmt::format("{}/{}.cpio", scratch_.path(), name);
  os::write_file_atomically(path, files.archive());
  return path;
}

GuestBoot LedgerRun::make_boot(std::size_t kernel, const std::string& initramfs, const std::string& name) const {
  return {.kernel = setup_.kernels[kernel],
          .initramfs = initramfs,
          .directory = scratch_.path(),
          .name = name,
          .seed = setup_.seed,
          .memory_mib = options_.memory_mib,
          .append = format_append(options_.append, setup_.sysctls)};
}

void LedgerRun::take_symbols(std::size_t kernel, const BootResult& boot) {
  const std::string* text = find_frame(boot, guest::FrameType::kSymbols);
  if (!boot.failure.empty() || text == nullptr) {
    without_symbols_[kernel] = boot.failure.empty() ? "the guest sent no symbols" : boot.failure;
    keep_console(boot, fmt::format("{}-symbols", kernel));
    return;
  }
  fs::create_directories(symbol_file(kernel).parent_path());
  os::write_file_atomically(symbol_file(kernel).string(), *text);
}

void LedgerRun::read_symbols(int interrupt_fd) {
  std::vector<GuestBoot> boots;
  std::vector<std::size_t> of_boots;
  std::set<std::string> images;
  for (std::size_t i = 0; i < setup_.kernels.size(); ++i) {
    if (!fs::exists(symbol_file(i)) && images.insert(setup_.kernels[i].image_sha256).second) {
      boots.push_back(make_boot(i, write_initramfs({.sends_symbols = true}, "symbols"), fmt::format("symbols-{}", i)));
      of_boots.push_back(i);
    }
  }
  run_boots(setup_.emulator, boots, setup_.parallel, interrupt_fd,
            [&](std::size_t index, const BootResult& boot) { take_symbols(of_boots[index], boot); });
  for (std::size_t i = 0; i < setup_.kernels.size(); ++i) {
    if (!fs::exists(symbol_file(i))) {
      without_symbols_[i] = without_symbols_[i].empty() ? "its image did not boot" : without_symbols_[i];
      continue;
    }
    symbols_[i] =
        std::make_unique<KernelSymbols>(KernelSymbols::parse(os::read_file(symbol_file(i).string()).value_or("")));
    os::write_file_atomically(fmt::format("{}/{}.symbols", scratch_.path(), i), symbols_[i]->plugin_file());
  }
}

std::vector<std::string> LedgerRun::plugin_arguments(std::size_t kernel, const std::string& name) const {
  if (setup_.plugin.empty()) {
    return {};
  }
  return {fs::absolute(setup_.plugin).string(),
          fmt::format("symbols={}/{}.symbols", scratch_.path(), kernel),
          "server=" + setup_.programs.server,
          "generator=" + setup_.programs.load,
          "out=" + ledger_file(name),
          fmt::format("skip={}", window_.skip),
          fmt::format("count={}", window_.count)};
}

void LedgerRun::count_cells(int interrupt_fd) {
  std::vector<GuestBoot> boots;
  std::vector<Place> places;
  for (std::size_t cell = 0; cell < setup_.cells.size(); ++cell) {
    const auto& [of_cell, server] = setup_.cells[cell];
    if (server.model.empty()) {  // the bug: a guest booted to find that out
      for (std::size_t kernel = 0; kernel < setup_.kernels.size(); ++kernel) {
        cells_[kernel][cell] = make_cell_entry(of_cell, setup_.names[kernel], "unsupported", kOnlyModels);
      }
      continue;
    }
    const guest::GuestPlan plan{.sysctls = setup_.sysctls, .cells = {make_guest_cell(of_cell, server, setup_.seed)}};
    const std::string initramfs = write_initramfs(plan, fmt::format("cell-{}", cell));
    for (std::size_t kernel = 0; kernel < setup_.kernels.size(); ++kernel) {
      if (!symbols_[kernel]) {
        cells_[kernel][cell] = make_cell_entry(of_cell, setup_.names[kernel], "failed", without_symbols_[kernel]);
        continue;
      }
      GuestBoot boot = make_boot(kernel, initramfs, fmt::format("{}-{}", kernel, cell));
      boot.plugin = plugin_arguments(kernel, boot.name);
      boots.push_back(std::move(boot));
      places.push_back({kernel, cell});
    }
  }
  run_boots(setup_.emulator, boots, setup_.parallel, interrupt_fd, [&](std::size_t index, const BootResult& boot) {
    take_cell(places[index], boot, boots[index].name);
    os::print_text(stderr, fmt::format("{}/{}  {}  {}  {}\n", ++done_, boots.size(), setup_.names[places[index].kernel],
                                       setup_.cells[places[index].cell].cell.id,
                                       describe_cell_entry(cells_[places[index].kernel][places[index].cell])));
    fs::remove(boots[index].frames_file());
    fs::remove(ledger_file(boots[index].name));  // the next seed's boot has the same name
  });
}

void LedgerRun::keep_console(const BootResult& boot, const std::string& name) const {
  if (setup_.directory.empty()) {
    os::print_text(stderr, "The guest's console ended with:\n" + boot.console);
    return;
  }
  os::write_file_atomically(fmt::format("{}/console-{}.txt", setup_.directory, name), boot.console);
}

Json LedgerRun::count(const Place& place, const BootResult& boot, const GuestOutcome& outcome, const std::string& raw) {
  const RawLedger ledger = parse_raw_ledger(raw);
  const std::string* clock = find_frame(boot, guest::FrameType::kCheck);
  if (ledger.check && clock != nullptr && kernels_[place.kernel]["check"].is_null()) {
    kernels_[place.kernel]["check"] = {{"counted", *ledger.check}, {"clock", std::stoull(*clock)}};
  }
  const Cell& cell = setup_.cells[place.cell].cell;
  const std::string& kernel = setup_.names[place.kernel];
  const std::uint64_t requests = ledger.cells.empty() ? 0 : ledger.cells.front().requests;
  if (requests < window_.count) {
    return make_cell_entry(cell, kernel, "failed",
                           fmt::format("only {} of {} requests were counted: set 'requests' in the suite to {} or more",
                                       requests, window_.count, window_.skip + window_.count + 50));
  }
  const auto user_name = [&](Program program, std::uint64_t address) -> std::string {
    switch (program) {
      case Program::kServer:
        return user_symbols_.name_of(outcome.server_maps, address);
      case Program::kGenerator:
        return user_symbols_.name_of(outcome.generator_maps, address);
      default:
        return "fanin-guest";
    }
  };
  Json entry = make_cell_entry(cell, kernel, "ok", "");
  entry["reason"] = nullptr;
  entry.update(ledger_cell(ledger.cells.front(), *symbols_[place.kernel], user_name));
  entry["memory"] = outcome.memory;
  return entry;
}

Json LedgerRun::book(const Place& place, const BootResult& boot, const std::string& name) {
  const auto& [cell, server] = setup_.cells[place.cell];
  const std::string& kernel = setup_.names[place.kernel];
  const GuestOutcome outcome = judge_guest_cell(boot, 0, cell, server);
  if (is_plugin_refused(boot)) {
    return make_cell_entry(cell, kernel, "unsupported",
                           fmt::format("no ledger: QEMU {} refuses fanin-ledger.so: install QEMU 7.2, or 9.1 or later, "
                                       "or build the project again",
                                       setup_.emulator.version));
  }
  if (outcome.status != "ok") {
    return make_cell_entry(cell, kernel, outcome.status, outcome.reason);
  }
  if (setup_.plugin.empty()) {
    return make_cell_entry(cell, kernel, "unsupported", "no ledger: fanin-ledger.so is not next to fanin");
  }
  const auto raw = os::read_file(ledger_file(name));
  try {
    return raw ? count(place, boot, outcome, *raw)
               : make_cell_entry(cell, kernel, "failed", "the plugin wrote no ledger");
  } catch (const std::runtime_error& error) {
    return make_cell_entry(cell, kernel, "failed", fmt::format("the plugin's ledger: {}", error.what()));
  }
}

void LedgerRun::take_cell(const Place& place, const BootResult& boot, const std::string& name) {
  cells_[place.kernel][place.cell] = book(place, boot, name);
  if (cells_[place.kernel][place.cell]["status"] == "failed") {
    keep_console(boot, name);
  }
}

Json LedgerRun::document() const {
  Json cells = Json::array();
  for (const std::vector<Json>& of_kernel : cells_) {
    for (const Json& cell : of_kernel) {
      cells.push_back(cell);
    }
  }
  Json differences = make_differences(kernels_, cells);
  return {{"schema", "fanin-ledger"},
          {"schema_version", 2},
          {"suite", setup_.suite.name},
          {"seed", setup_.seed},
          {"environment", environment_},
          {"qemu", {{"version", setup_.emulator.version}}},
          {"window", {{"skip", window_.skip}, {"count", window_.count}}},
          {"memory_mib", options_.memory_mib},
          {"kernels", kernels_},
          {"cells", std::move(cells)},
          {"differences", std::move(differences)}};
}

void LedgerRun::use_seed(std::uint64_t seed) {
  setup_.seed = seed;
  done_ = 0;
}

void LedgerRun::end_early() {
  for (std::size_t kernel = 0; kernel < setup_.kernels.size(); ++kernel) {
    for (std::size_t cell = 0; cell < setup_.cells.size(); ++cell) {
      if (cells_[kernel][cell].is_null()) {
        cells_[kernel][cell] = make_cell_entry(setup_.cells[cell].cell, setup_.names[kernel], "failed",
                                               "interrupted before it was counted");
      }
    }
  }
}

Json LedgerRun::list_totals() const {
  Json totals = Json::array();
  for (const std::vector<Json>& of_kernel : cells_) {
    for (const Json& cell : of_kernel) {
      Json total{{"seed", setup_.seed}};
      for (const char* key : {"id", "kernel", "status", "reason", "requests", "instructions", "switches"}) {
        total[key] = cell.at(key);
      }
      totals.push_back(std::move(total));
    }
  }
  return totals;
}

os::ExitCode judge_ledger(const Json& document) {
  const auto has = [&](const char* status) {
    const auto is = [&](const Json& cell) { return cell.at("status") == status; };
    const Json others = document.value("other_seeds", Json::array());
    return std::any_of(document.at("cells").begin(), document.at("cells").end(), is) ||
           std::any_of(others.begin(), others.end(), is);
  };
  if (has("failed")) {
    return os::ExitCode::kFailed;
  }
  return has("ok") ? os::ExitCode::kPassed : os::ExitCode::kUndecided;
}

}  // namespace

CountedCells count_cells(LedgerSetup setup, const LedgerOptions& options, int interrupt_fd) {
  const std::vector<std::uint64_t> other_seeds = setup.other_seeds;
  LedgerRun run(std::move(setup), options);
  CountedCells counted;
  try {
    run.read_symbols(interrupt_fd);
    run.count_cells(interrupt_fd);
    counted.document = run.document();
    for (const std::uint64_t seed : other_seeds) {
      os::print_text(stderr, fmt::format("seed {}:\n", seed));
      run.use_seed(seed);
      run.count_cells(interrupt_fd);
      for (Json& total : run.list_totals()) {
        counted.document["other_seeds"].push_back(std::move(total));
      }
    }
  } catch (const Interrupted&) {
    counted.interrupted = true;
    if (counted.document.is_null()) {
      run.end_early();
      counted.document = run.document();
    }
  }
  return counted;
}

int run_ledger(const LedgerOptions& options) {
  const Interrupt interrupt;
  LedgerSetup setup = set_up_ledger(options);
  find_kernels(setup, options);
  make_ledger_directory(setup, options);
  const std::string directory = setup.directory;
  os::write_file_atomically(directory + "/suite.json", setup.suite.document.dump(2) + "\n");
  const auto [document, interrupted] = count_cells(std::move(setup), options, interrupt.fd());
  os::write_file_atomically(directory + "/ledger.json", to_text(document) + "\n");
  os::print_text(stdout,
                 fmt::format("{}\nResults: {}/ledger.json\n", describe_ledger(document), os::printable(directory)));
  if (interrupted) {
    os::print_text(stderr, "interrupted: the ledger holds what was counted\n");
    return static_cast<int>(os::ExitCode::kInterrupted);
  }
  return static_cast<int>(judge_ledger(document));
}

}  // namespace fanin::harness
