#include "harness/kernels/ledger_document.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "harness/kernels/ledger_report.h"

namespace fanin::harness {

Json parse_kernel_config(const std::string& text) {
  Json options = Json::object();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (!line.starts_with("CONFIG_") || equals == std::string::npos) {
      continue;
    }
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    options[line.substr(0, equals)] = value;
  }
  return options;
}

std::vector<std::string> name_kernels(const std::vector<Kernel>& kernels) {
  std::vector<std::string> names;
  std::map<std::string, int> seen;
  for (const Kernel& kernel : kernels) {
    const int count = ++seen[kernel.release];
    names.push_back(count == 1 ? kernel.release : fmt::format("{} ({})", kernel.release, count));
  }
  return names;
}

Json make_kernel_entry(const Kernel& kernel, const std::string& name, const std::string& command_line) {
  return {{"name", name},
          {"request", kernel.request},
          {"version", kernel.version.empty() ? Json(nullptr) : Json(kernel.version)},
          {"image_sha256", kernel.image_sha256},
          {"command_line", command_line},
          {"config", parse_kernel_config(kernel.config)},
          {"check", nullptr}};
}

Json make_cell_entry(const Cell& cell, const std::string& kernel, const std::string& status,
                     const std::string& reason) {
  return {{"id", cell.id},
          {"experiment", cell.experiment},
          {"server", cell.server},
          {"parameter", cell.parameter},
          {"value", cell.value},
          {"kernel", kernel},
          {"status", status},
          {"reason", reason},
          {"requests", nullptr},
          {"instructions", nullptr},
          {"instructions_per_request", nullptr},
          {"split", nullptr},
          {"functions", nullptr},
          {"paths", nullptr},
          {"switches", nullptr},
          {"memory", nullptr}};
}

std::string describe_cell_entry(const Json& cell) {
  return cell.at("reason").is_null()
             ? format_instructions(cell.at("instructions_per_request").get<double>()) + " instructions per request"
             : fmt::format("{}: {}", cell.at("status").get<std::string>(), cell.at("reason").get<std::string>());
}

}  // namespace fanin::harness
