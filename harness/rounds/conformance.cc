#include "harness/rounds/conformance.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "harness/rounds/server_under_test.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

constexpr Nanoseconds kDeadline = std::chrono::minutes(3);
constexpr int kShortage = 2;  // of fanin-conformance: it lacks something itself, the server has shown nothing

Json verdict(const char* status, int cases, const Json& reason) {
  return {{"status", status}, {"cases", cases}, {"reason", reason}};
}

Json run_gate(const Rig& rig, const std::string& model, const std::string& protocol) {
  const Descriptor report(check(::memfd_create("conformance", MFD_CLOEXEC), "memfd_create"));
  const std::string path = fmt::format("/dev/fd/{}", report.get());  // in both processes
  Launch launch;
  launch.argv = {rig.programs.conformance,
                 "--server",
                 rig.programs.server,
                 "--model",
                 model,
                 "--protocol",
                 protocol,
                 "--quick",
                 fmt::format("--gtest_output=json:{}", path)};
  launch.pass_descriptor = report.get();
  launch.cpus = rig.placement.server_cpus;  // nothing is timed, so the cases may have all CPUs
  launch.cpus.insert(launch.cpus.end(), rig.placement.client_cpus.begin(), rig.placement.client_cpus.end());
  ChildProcess gate(launch);
  const auto ended = [&] { return gate.status().has_value(); };
  const WaitResult result = wait_until({&gate}, -1, rig.interrupt_fd, now() + kDeadline, ended);
  if (result == WaitResult::kInterrupted) {
    throw Interrupted{};
  }
  if (result == WaitResult::kDeadline) {
    return verdict("failed", 0, "the conformance cases did not end within 3 minutes");
  }
  const ExitStatus status = *gate.status();
  if (status.code == kShortage || status.signal != 0) {
    const std::string last_words = gate.err().last_line();
    throw RunFailure(fmt::format("the conformance check does not work: {}",
                                 last_words.empty() ? "fanin-conformance: " + status.text() : last_words));
  }
  return conformance_of_report(load_json(path));
}

// Counts requests and measures no time, so a busy machine cannot fail a server.
Json run_verified_load(const Rig& rig, const ServerSpec& server, Cell cell) {
  cell.workload = cell.workload.for_conformance();
  cell.warmup = {std::chrono::milliseconds(10)};
  const Json round = run_round_for_check(rig, server, cell);
  if (round["status"] == "failed") {
    return verdict("failed", 1, round["reason"]);
  }
  const Json& requests = round["load"]["requests"];
  if (requests.value("failed", 0) > 0) {
    return verdict("failed", 1,
                   fmt::format("{} of {} requests failed: {}", requests.value("failed", 0), requests.value("sent", 0),
                               round["load"].value("errors", Json()).dump()));
  }
  if (requests.value("completed", 0) == 0) {
    return verdict("failed", 1, "no request was answered");
  }
  return verdict("passed", 1, nullptr);
}

}  // namespace

Json conformance_of_report(const Json& report) {
  int ran = 0;
  int failed = 0;
  std::string first;
  std::string skipped;
  for (const Json& suite : report.at("testsuites")) {
    for (const Json& test : suite.at("testsuite")) {
      if (test.value("result", "") == "SKIPPED" || test.value("status", "") != "RUN") {
        skipped = skipped.empty() ? test.at("name").get<std::string>() : skipped;
        continue;
      }
      ++ran;
      if (test.contains("failures")) {
        ++failed;
        first = first.empty() ? test.at("name").get<std::string>() : first;
      }
    }
  }
  if (failed > 0) {
    return verdict("failed", ran,
                   fmt::format("{} of {} conformance cases failed, the first is {}", failed, ran, first));
  }
  if (ran == 0) {
    return verdict("skipped", 0, skipped.empty() ? "there are no conformance cases for it" : "all cases were skipped");
  }
  return verdict("passed", ran, nullptr);
}

Json check_conformance(const Rig& rig, const ServerSpec& server, const Cell& representative) {
  const std::string protocol = representative.workload.protocol();
  Json result = run_verified_load(rig, server, representative);
  if (result["status"] == "passed" && !server.model.empty() && !rig.programs.conformance.empty()) {
    Json gate = run_gate(rig, server.model, protocol);
    // Without cases of its own for this protocol, the verified run stands.
    if (gate["status"] != "skipped") {
      gate["cases"] = gate["cases"].get<int>() + 1;
      result = std::move(gate);
    }
  }
  result["server"] = server.name;
  result["protocol"] = protocol;
  return result;
}

}  // namespace fanin::harness
