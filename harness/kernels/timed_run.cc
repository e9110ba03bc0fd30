#include "harness/kernels/timed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "harness/analysis/run_file.h"
#include "harness/kernels/guest_cells.h"
#include "harness/rounds/console.h"
#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "harness/verdict/compare.h"
#include "net/affinity.h"
#include "os/files.h"
#include "os/format.h"
#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCpus = 2;  // of a guest: one for the server, one for the generator
constexpr net::Nanoseconds kProbeLimit = std::chrono::seconds(30);
constexpr net::Nanoseconds kBootLimit = std::chrono::minutes(3);

void refuse_commands(const LedgerSetup& setup) {
  for (const LedgerCell& each : setup.cells) {
    if (each.server.model.empty()) {
      throw std::invalid_argument(
          fmt::format("{}: this server is a command line, and guests run models alone: choose other cells with --only",
                      each.cell.id));
    }
  }
}

// What `fanin run` needs in addition to the programs that it measures.
void add_run_files(LedgerSetup& setup) {
  add_program(setup.files, guest::kHarnessPath, setup.programs.self);
  if (!setup.programs.conformance.empty()) {
    add_program(setup.files, "/bin/fanin-conformance", setup.programs.conformance);
  }
  add_program(setup.files, "/usr/bin/sha256sum", "/usr/bin/sha256sum");
  setup.files.add_text(guest::kSuitePath, setup.suite.document.dump());
}

// A guest is silent while it measures.
net::Nanoseconds choose_silence_limit(const LedgerSetup& setup) {
  std::vector<Cell> cells;
  for (const LedgerCell& each : setup.cells) {
    cells.push_back(each.cell);
  }
  const ExpectedTime expected = 2 * expected_time(cells, setup.suite.repetitions);
  return kBootLimit +
         std::chrono::duration_cast<net::Nanoseconds>(std::min<ExpectedTime>(expected, std::chrono::hours(24 * 7)));
}

// From the set-up to the comparison. Owns the files of the boots. One thread.
class TimedRun {
 public:
  TimedRun(LedgerSetup setup, const LedgerOptions& options)
      : setup_(std::move(setup)), options_(options), runs_(setup_.kernels.size()) {}

  void probe_kvm(int interrupt_fd) const;  // both throw Interrupted
  void measure(int interrupt_fd);
  void make_directory();  // throws as make_ledger_directory()
  std::string describe() const;
  os::ExitCode exit_code() const;

 private:
  GuestBoot make_boot(std::size_t kernel, const guest::GuestPlan& plan, const std::string& name) const;
  fs::path directory_of(std::size_t kernel) const;
  std::string take(std::size_t kernel, int boot, const BootResult& result);

  LedgerSetup setup_;
  const LedgerOptions& options_;
  os::TemporaryDirectory scratch_;
  std::vector<std::vector<Json>> runs_;  // by kernel
};

GuestBoot TimedRun::make_boot(std::size_t kernel, const guest::GuestPlan& plan, const std::string& name) const {
  Initramfs files = setup_.files;
  files.add_text(guest::kPlanPath, guest::format_plan(plan));
  const std::string initramfs = fmt::format("{}/{}.cpio", scratch_.path(), name);
  os::write_file_atomically(initramfs, files.archive());
  return {.kernel = setup_.kernels[kernel],
          .initramfs = initramfs,
          .directory = scratch_.path(),
          .name = name,
          .memory_mib = options_.memory_mib,
          .accelerator = Accelerator::kKvm,
          .cpus = std::min(net::allowed_cpus().size(), kMaxCpus),
          .append = format_append(options_.append, setup_.sysctls),
          .silence_limit = choose_silence_limit(setup_)};
}

// /dev/kvm may be there and boot nothing, for example within a virtual machine.
void TimedRun::probe_kvm(int interrupt_fd) const {
  GuestBoot boot = make_boot(0, {}, "probe");
  boot.silence_limit = kProbeLimit;
  run_boots(setup_.emulator, {boot}, 1, interrupt_fd, [&](std::size_t /*index*/, const BootResult& result) {
    if (!result.failure.empty()) {
      throw std::invalid_argument(
          fmt::format("--time: {} does not boot under KVM here: {}: use a machine with KVM, or leave --time out to "
                      "count instructions",
                      setup_.names.front(), os::printable(result.failure, 300)));
    }
  });
}

fs::path TimedRun::directory_of(std::size_t kernel) const {
  std::string name = setup_.names[kernel];
  std::replace(name.begin(), name.end(), '/', '_');
  return fs::path(setup_.directory) / name;
}

void TimedRun::make_directory() {
  make_ledger_directory(setup_, options_);
  for (std::size_t kernel = 0; kernel < setup_.kernels.size(); ++kernel) {
    if (fs::exists(directory_of(kernel))) {
      throw std::invalid_argument(
          fmt::format("{}: holds results already: choose another directory with --out", directory_of(kernel).string()));
    }
  }
}

// What became of a boot, in a line.
std::string TimedRun::take(std::size_t kernel, int boot, const BootResult& result) {
  const fs::path directory = directory_of(kernel) / fmt::format("boot-{}", boot + 1);
  fs::create_directories(directory);
  try {
    Json run = take_run(result, (directory / "run.json").string());
    os::write_file_atomically((directory / "run.json").string(), to_text(run));
    const auto measured = std::count_if(run.at("cells").begin(), run.at("cells").end(),
                                        [](const Json& cell) { return cell.at("status") == "measured"; });
    runs_[kernel].push_back(std::move(run));
    return fmt::format("{} measured", os::part_of(static_cast<std::uint64_t>(measured),
                                                  runs_[kernel].back().at("cells").size(), "cell"));
  } catch (const std::runtime_error& error) {
    os::write_file_atomically((directory / "console.txt").string(), result.console);
    return fmt::format("failed: {}", os::printable(error.what(), 300));
  }
}

void TimedRun::measure(int interrupt_fd) {
  for (int boot = 0; boot < options_.boots; ++boot) {
    for (const std::size_t kernel : block_order(setup_.seed, boot, setup_.kernels.size())) {
      const GuestBoot guest = make_boot(kernel, make_run_plan(setup_, options_, boot), "run");
      run_boots(setup_.emulator, {guest}, 1, interrupt_fd, [&](std::size_t /*index*/, const BootResult& result) {
        const std::string line = take(kernel, boot, result);
        os::print_text(stderr,
                       fmt::format("boot {} of {}  {}  {}\n", boot + 1, options_.boots, setup_.names[kernel], line));
      });
      fs::remove(guest.frames_file());
      fs::remove(guest.console_file());
    }
  }
}

std::string TimedRun::describe() const {
  std::string text;
  for (std::size_t kernel = 1; kernel < runs_.size(); ++kernel) {
    if (runs_.front().empty() || runs_[kernel].empty()) {
      continue;
    }
    const CompareOptions options{.base = {setup_.names.front()}, .now = {setup_.names[kernel]}, .vary = {"kernel"}};
    const Judgement judgement = compare_runs(runs_.front(), runs_[kernel], options);
    text += fmt::format("{}base {}, new {}\n", text.empty() ? "" : "\n", os::printable(setup_.names.front()),
                        os::printable(setup_.names[kernel]));
    for (const std::string& obstacle : judgement.obstacles) {
      text += "not comparable: " + os::printable(obstacle) + "\n";
    }
    text += judgement.obstacles.empty() ? describe_judgement(judgement) : "";
  }
  return fmt::format(
      "{}\nTimes of guests under KVM are compared with each other alone.\nResults: {}/KERNEL/boot-N/run.json\n", text,
      os::printable(setup_.directory));
}

os::ExitCode TimedRun::exit_code() const {
  std::vector<Json> all;
  for (const std::vector<Json>& runs : runs_) {
    all.insert(all.end(), runs.begin(), runs.end());
  }
  return judge_runs(all, setup_.kernels.size() * static_cast<std::size_t>(options_.boots));
}

}  // namespace

guest::GuestPlan make_run_plan(const LedgerSetup& setup, const LedgerOptions& options, int boot) {
  std::vector<std::string> words = {guest::kHarnessPath, "run", guest::kSuitePath};
  for (const std::string& glob : options.only) {
    words.insert(words.end(), {"--only", glob});
  }
  words.insert(words.end(),
               {"--seed", std::to_string(derive_round_seed(setup.seed, boot, 0)), "--out", guest::kRunDirectory});
  return {.sysctls = setup.sysctls, .run = std::move(words)};
}

Json take_run(const BootResult& boot, const std::string& file) {
  if (!boot.failure.empty()) {
    throw std::runtime_error(boot.failure);
  }
  const std::string* text = find_frame(boot, guest::FrameType::kRun);
  if (text == nullptr) {
    throw std::runtime_error("the guest sent no run");
  }
  Json run = parse_json(*text, file);
  check_run(JsonReader(run, file));
  return run;
}

os::ExitCode judge_runs(const std::vector<Json>& runs, std::size_t boots) {
  bool is_measured = false;
  bool has_failed = runs.size() < boots;
  for (const Json& run : runs) {
    for (const Json& cell : run.at("cells")) {
      is_measured = is_measured || cell.at("status") == "measured";
      has_failed = has_failed || (cell.at("status") != "measured" && cell.at("status") != "unsupported");
    }
  }
  if (has_failed) {
    return os::ExitCode::kFailed;
  }
  return is_measured ? os::ExitCode::kPassed : os::ExitCode::kUndecided;
}

int run_timed(const LedgerOptions& options) {
  const Interrupt interrupt;
  LedgerSetup setup = set_up_ledger(options);
  if (!setup.other_seeds.empty()) {
    throw std::invalid_argument("--seed: --time takes one: each boot has a seed of its own that follows from it");
  }
  refuse_commands(setup);
  add_run_files(setup);
  find_kernels(setup, options);
  TimedRun run(std::move(setup), options);
  try {
    run.probe_kvm(interrupt.fd());
    run.make_directory();
    run.measure(interrupt.fd());
  } catch (const Interrupted&) {
    os::print_text(stderr, "\ninterrupted: the runs of finished boots are kept\n");
    return static_cast<int>(os::ExitCode::kInterrupted);
  }
  os::print_text(stdout, run.describe());
  return static_cast<int>(run.exit_code());
}

}  // namespace fanin::harness
