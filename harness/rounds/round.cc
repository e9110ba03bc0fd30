#include "harness/rounds/round.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <optional>

#include "harness/analysis/notes.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/load_run.h"
#include "harness/rounds/server_under_test.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

constexpr const char* kServerKeys[] = {
    "exit_status",   "stderr_tail",      "ready_ns",           "cpu_user_ns",
    "cpu_system_ns", "cpu_ns",           "cpu_per_request_ns", "rss_bytes",
    "pss_bytes",     "page_table_bytes", "kernel_stack_bytes", "threads",
    "processes",     "descriptors",      "voluntary_switches", "involuntary_switches",
    "counters"};

std::string join_texts(const std::vector<CodedReason>& reasons) {
  std::string text;
  for (const CodedReason& reason : reasons) {
    text += (text.empty() ? "" : "; ") + reason.text;
  }
  return text.empty() ? "the generator gave no reason" : text;
}

struct Outcome {
  Json round;
  bool generator_failed = false;  // it gave no result, and the server lived
};

void fail(Outcome& outcome, const std::string& reason) {
  outcome.round["status"] = "failed";
  outcome.round["reason"] = reason;
  outcome.generator_failed = false;
}

// Drives the server and fills in what was measured. A failure is in the round.
void measure(const RoundContext& context, ServerUnderTest& server, const Cell& cell, std::uint64_t seed,
             Outcome& outcome) {
  Json& round = outcome.round;
  LoadRun load(context, server, cell, seed);
  try {
    load.run(context.interrupt_fd);
    round["reason"] = load.note().empty() ? Json(nullptr) : Json(load.note());
  } catch (const GeneratorFailure& failure) {
    fail(outcome, failure.what());
    outcome.generator_failed = true;
  } catch (const RoundFailure& failure) {
    fail(outcome, failure.what());
  }
  round["load"] = load.result();
  load.add_server_readings(round["server"]);
  round["machine"] = load.machine_readings();
  if (round["status"] == "ok" && round["load"]["verdict"]["status"] == "invalid") {
    round["status"] = "invalid";
    round["reason"] = join_texts(round_notes(round).reasons);
  }
}

// The end of a server makes the generator fail too, whose end may be seen first. So after a failure this waits briefly
// for the end of the server, which is then the reason of the round.
void check_server_ended(ServerUnderTest& server, Outcome& outcome) {
  const Nanoseconds moment = outcome.round["status"] == "failed" ? std::chrono::milliseconds(200) : Nanoseconds::zero();
  const auto ended = [&] { return server.process().status().has_value(); };
  if (wait_until({&server.process()}, -1, -1, now() + moment, ended) == WaitResult::kDone) {
    fail(outcome, server.describe_end());
  }
}

void finish_server(ServerUnderTest& server, Outcome& outcome) {
  Json& round = outcome.round;
  check_server_ended(server, outcome);
  Json counters;
  const std::string trouble = server.stop_and_collect(counters);
  round["server"]["counters"] = counters;
  const auto& status = server.process().status();
  round["server"]["exit_status"] = status ? Json(status->number()) : Json(nullptr);
  const std::string last_line = server.process().err().tail();
  round["server"]["stderr_tail"] = last_line.empty() ? Json(nullptr) : Json(last_line);
  if (!trouble.empty() && round["status"] != "failed") {
    fail(outcome, trouble);
  }
}

Outcome run(const RoundContext& context, const ServerSpec& spec, const Cell& cell, std::uint64_t seed) {
  Outcome outcome{{{"cell", cell.id},
                   {"started_at", timestamp_now()},
                   {"status", "ok"},
                   {"reason", nullptr},
                   {"load", nullptr},
                   {"server", nullptr},
                   {"machine", nullptr}}};
  Json& round = outcome.round;
  std::optional<ServerUnderTest> server;
  try {
    server.emplace(spec, cell.workload, context.programs.server, context.placement.server_cpus);
  } catch (const CannotStart& error) {
    if (spec.command.empty()) {
      throw;  // a program of ours has gone: no server can be measured
    }
    fail(outcome, error.what());
    return outcome;
  }
  for (const char* key : kServerKeys) {
    round["server"][key] = nullptr;
  }
  try {
    server->wait_ready(context.interrupt_fd);
    round["server"]["ready_ns"] = server->ready_time().count();
    measure(context, *server, cell, seed, outcome);
  } catch (const RoundFailure& failure) {
    fail(outcome, failure.what());
  }
  finish_server(*server, outcome);
  return outcome;
}

}  // namespace

Json run_round(const RoundContext& context, const ServerSpec& server, const Cell& cell, std::uint64_t seed) {
  return run(context, server, cell, seed).round;
}

Json run_checked_round(const RoundContext& context, const ServerSpec& server, const Cell& cell) {
  Outcome outcome = run(context, server, cell, 1);
  if (outcome.generator_failed) {
    throw RunFailure(outcome.round["reason"].get<std::string>());
  }
  return std::move(outcome.round);
}

namespace {

constexpr Nanoseconds kDeadline = std::chrono::minutes(3);
constexpr int kShortage = 2;  // of fanin-conformance: it lacks something itself, the server has shown nothing

Json verdict(const char* status, int cases, const Json& reason) {
  return {{"status", status}, {"cases", cases}, {"reason", reason}};
}

Json run_conformance_cases(const RoundContext& context, const std::string& model, const std::string& protocol) {
  const Descriptor report(check(::memfd_create("conformance", MFD_CLOEXEC), "memfd_create"));
  const std::string path = fmt::format("/dev/fd/{}", report.get());  // in both processes
  Launch launch;
  launch.argv = {context.programs.conformance,
                 "--server",
                 context.programs.server,
                 "--model",
                 model,
                 "--protocol",
                 protocol,
                 "--quick",
                 fmt::format("--gtest_output=json:{}", path)};
  launch.pass_descriptor = report.get();
  launch.cpus = context.placement.server_cpus;  // nothing is timed, so the cases may have all CPUs
  launch.cpus.insert(launch.cpus.end(), context.placement.client_cpus.begin(), context.placement.client_cpus.end());
  ChildProcess gate(launch);
  const auto ended = [&] { return gate.status().has_value(); };
  const WaitResult result = wait_until({&gate}, -1, context.interrupt_fd, now() + kDeadline, ended);
  if (result == WaitResult::kInterrupted) {
    throw Interrupted{};
  }
  if (result == WaitResult::kDeadline) {
    return verdict("failed", 0, "the conformance cases did not end within 3 minutes");
  }
  const ExitStatus status = *gate.status();
  if (status.code == kShortage || status.signal != 0) {
    const std::string last_line = gate.err().last_line();
    throw RunFailure(fmt::format("the conformance check does not work: {}",
                                 last_line.empty() ? "fanin-conformance: " + status.text() : last_line));
  }
  return parse_conformance_report(load_json(path));
}

// Counts requests and measures no time, so a busy machine cannot fail a server.
Json run_verified_load(const RoundContext& context, const ServerSpec& server, Cell cell) {
  cell.workload = cell.workload.for_conformance();
  cell.warmup = {std::chrono::milliseconds(10)};
  const Json round = run_checked_round(context, server, cell);
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

Json parse_conformance_report(const Json& report) {
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

Json check_conformance(const RoundContext& context, const ServerSpec& server, const Cell& representative) {
  const std::string protocol = representative.workload.protocol();
  Json result = run_verified_load(context, server, representative);
  if (result["status"] == "passed" && !server.model.empty() && !context.programs.conformance.empty()) {
    Json gate = run_conformance_cases(context, server.model, protocol);
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
