#include "harness/machine/doctor.h"

#include <fmt/format.h>

#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

const char* name_of(Finding::Status status) {
  switch (status) {
    case Finding::Status::kOk:
      return "ok";
    case Finding::Status::kTooLow:
      return "too_low";
    case Finding::Status::kSlow:
      return "slow";
    case Finding::Status::kInfo:
      return "info";
    case Finding::Status::kUnknown:
      break;
  }
  return "unknown";
}

std::string grouped(std::uint64_t number) {
  return number == MachineLimits::kUnlimited ? "unlimited" : os::format_count(number);
}

std::string grouped(const MachineLimits::Number& number) { return number ? grouped(*number) : ""; }

std::string format_line(const Finding& finding) {
  const std::string status = finding.status == Finding::Status::kTooLow ? "too low" : name_of(finding.status);
  const std::string needs = finding.required ? "needs " + grouped(finding.required) : "";
  std::string line = fmt::format("  {:<8} {:<31} {:>18}  {:<21} {}", status, finding.name, grouped(finding.current),
                                 needs, finding.note);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + (finding.command.empty() ? "\n" : fmt::format("\n  {:<8} raise it: {}\n", "", finding.command));
}

Json json_or_null(const MachineLimits::Number& number) {
  if (!number) {
    return nullptr;
  }
  return *number == MachineLimits::kUnlimited ? Json("unlimited") : Json(*number);
}

std::vector<Setting> list_settings(const Headroom& headroom) {
  std::vector<Setting> settings;
  for (const Finding& finding : headroom.findings) {
    if (finding.raise) {
      settings.push_back(*finding.raise);
    }
  }
  return settings;
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    os::print_text(stdout, line + "\n");
  }
}

int undo() {
  const LimitChanges::Outcome outcome = LimitChanges("", default_state_file()).undo();
  print_lines(outcome.lines);
  if (outcome.lines.empty()) {
    os::print_text(stdout, "nothing to put back: 'fanin doctor --fix' has changed nothing\n");
  }
  return outcome.complete ? 0 : 1;
}

}  // namespace

std::string describe_headroom(const Headroom& headroom, std::uint64_t most) {
  std::string text = fmt::format("{} connections between two local programs:\n", grouped(headroom.connections));
  for (const Finding& finding : headroom.findings) {
    text += format_line(finding);
  }
  if (headroom.fits()) {
    return text + "They fit.\n";
  }
  const std::string set_by_itself =
      list_settings(headroom).empty() ? "" : "; as root 'fanin doctor --fix' sets what is in /proc/sys";
  return text + fmt::format("They do not fit: at most {} do. Raise what is too low{}.\n", grouped(most), set_by_itself);
}

Json headroom_json(const Headroom& headroom, std::uint64_t most) {
  Json findings = Json::array();
  for (const Finding& finding : headroom.findings) {
    findings.push_back({{"name", finding.name},
                        {"status", name_of(finding.status)},
                        {"current", json_or_null(finding.current)},
                        {"required", json_or_null(finding.required)},
                        {"note", finding.note},
                        {"command", finding.command.empty() ? Json(nullptr) : Json(finding.command)}});
  }
  return {{"schema", "fanin-doctor"},
          {"schema_version", 2},
          {"connections", headroom.connections},
          {"fits", headroom.fits()},
          {"max_connections", most},
          {"server_processes", json_or_null(headroom.server_processes)},
          {"findings", findings},
          {"changes", Json::array()}};
}

int run_doctor(const DoctorOptions& options) {
  if (options.undo) {
    return undo();
  }
  MachineLimits limits = read_machine_limits();
  Headroom headroom = judge(limits, options.connections);
  LimitChanges::Outcome changes;
  if (options.fix) {
    changes = LimitChanges("", default_state_file()).apply(list_settings(headroom));
    limits = read_machine_limits();
    headroom = judge(limits, options.connections);
  }
  const std::uint64_t most = find_max_connections(limits);
  if (options.as_json) {
    Json report = headroom_json(headroom, most);
    report["changes"] = changes.lines;
    os::print_text(stdout, report.dump(2) + "\n");
  } else {
    print_lines(changes.lines);
    os::print_text(stdout, describe_headroom(headroom, most));
  }
  return headroom.fits() && changes.complete ? 0 : 1;
}

}  // namespace fanin::harness
