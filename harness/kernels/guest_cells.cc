#include "harness/kernels/guest_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "harness/machine/machine.h"
#include "harness/rounds/load_run.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/server_command.h"
#include "os/format.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kLongestReason = 500;

// What the generator says of connections that were not there; empty: all were.
std::string find_lost_connections(const Json& load) {
  constexpr std::string_view kLost[] = {"missing-connections", "unserved-connections", "lost-idle", "downtime"};
  for (const Json& reason : load.value("verdict", Json::object()).value("reasons", Json::array())) {
    const auto code = reason.value("code", "");
    if (std::find(std::begin(kLost), std::end(kLost), code) != std::end(kLost)) {
      return reason.value("text", code);
    }
  }
  return "";
}

// Why the cell has no valid result: requests without a right reply, or lost connections; empty: none of them.
std::string find_load_failure(const std::string& text) {
  const Json load = parse_json_or_null(text);
  const Json::json_pointer completed("/requests/completed");
  if (!load.is_object() || !load.contains(completed)) {
    return "fanin-load gave no result";
  }
  const Json& requests = load["requests"];
  const auto failed = requests.value("failed", 0) + requests.value("unanswered", 0);
  if (failed == 0 && load[completed] != 0) {
    return find_lost_connections(load);
  }
  const Json::json_pointer first("/verdict/reasons/0/text");
  return fmt::format("{} of {} requests failed{}", failed, requests.value("sent", 0),
                     load.contains(first) ? ": " + load[first].get<std::string>() : "");
}

// A guest without a catalogue has other trouble.
std::string find_unsupported(const BootResult& boot, const Cell& cell, const ServerSpec& server) {
  if (server.model.empty()) {
    return kOnlyModels;
  }
  const std::string* listing = find_frame(boot, guest::FrameType::kCatalogue);
  if (listing == nullptr) {
    return "";
  }
  return unsupported_reason(cell, server, Catalogue::parse(parse_json(*listing, "the guest's catalogue"), "catalogue"),
                            MachineLimits{});
}

// In bytes, of /proc/meminfo.
std::optional<std::int64_t> find_bytes(const std::string& meminfo, std::string_view key) {
  const auto kib = os::find_labelled_number(meminfo, key);
  return kib ? std::optional(static_cast<std::int64_t>(*kib) * 1024) : std::nullopt;
}

}  // namespace

guest::GuestCell make_guest_cell(const Cell& cell, const ServerSpec& server, std::uint64_t seed) {
  return {server_command(server, cell.workload, guest::kServerPath, {.descriptors = UINT64_MAX, .scratch = "/tmp"}),
          generator_command(guest::kGeneratorPath, {guest::kTargetWord}, cell, seed)};
}

const std::string* find_frame(const BootResult& boot, guest::FrameType type, std::uint32_t cell) {
  const auto found = std::find_if(boot.frames.begin(), boot.frames.end(),
                                  [&](const guest::Frame& frame) { return frame.type == type && frame.cell == cell; });
  return found == boot.frames.end() ? nullptr : &found->bytes;
}

Json measure_guest_memory(const std::string& readings, std::int64_t connections) {
  const Json texts = parse_json_or_null(readings);
  const Json::json_pointer before("/before/meminfo");
  const Json::json_pointer connected("/connected/meminfo");
  if (!texts.is_object() || !texts.contains(before) || !texts.contains(connected)) {
    return nullptr;
  }
  Json memory{{"connections", connections}};
  for (const auto& [key, label] :
       {std::pair{"slab_bytes", "Slab"}, {"page_table_bytes", "PageTables"}, {"stack_bytes", "KernelStack"}}) {
    const auto was = find_bytes(texts[before].get<std::string>(), label);
    const auto is = find_bytes(texts[connected].get<std::string>(), label);
    if (!was || !is) {
      return nullptr;
    }
    memory[key] = *is - *was;
  }
  return memory;
}

GuestOutcome judge_guest_cell(const BootResult& boot, std::uint32_t number, const Cell& cell,
                              const ServerSpec& server) {
  GuestOutcome outcome;
  const auto end = [&](const char* status, const std::string& reason) {
    outcome.status = status;
    outcome.reason = os::printable(reason, kLongestReason);
    return outcome;
  };
  if (const std::string reason = find_unsupported(boot, cell, server); !reason.empty()) {
    return end("unsupported", reason);
  }
  if (!boot.failure.empty()) {
    return end("failed", boot.failure);
  }
  if (const std::string* error = find_frame(boot, guest::FrameType::kError, number)) {
    return end("failed", *error);
  }
  const std::string* load = find_frame(boot, guest::FrameType::kLoad, number);
  const std::string failure = load == nullptr ? "the guest sent no result" : find_load_failure(*load);
  if (!failure.empty()) {
    return end("failed", failure);
  }
  const auto text = [&](guest::FrameType type) {
    const std::string* bytes = find_frame(boot, type, number);
    return bytes == nullptr ? "" : *bytes;
  };
  outcome.memory = measure_guest_memory(text(guest::FrameType::kMemory), cell.workload.all_connections());
  outcome.server_maps = text(guest::FrameType::kServerMaps);
  outcome.generator_maps = text(guest::FrameType::kGeneratorMaps);
  return outcome;
}

}  // namespace fanin::harness
