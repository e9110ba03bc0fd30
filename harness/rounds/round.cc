#include "harness/rounds/round.h"

#include <fmt/format.h>

#include <optional>

#include "harness/analysis/notes.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/load_run.h"
#include "harness/rounds/server_under_test.h"

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
void measure(const Rig& rig, ServerUnderTest& server, const Cell& cell, std::uint64_t seed, Outcome& outcome) {
  Json& round = outcome.round;
  LoadRun load(rig, server, cell, seed);
  try {
    load.run(rig.interrupt_fd);
    round["reason"] = load.remark().empty() ? Json(nullptr) : Json(load.remark());
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

// A server that dies makes the generator fail too, and the generator's end may be seen first: so where the round has
// failed, the server gets a moment to turn out dead, which is then the reason that matters.
void look_for_death(ServerUnderTest& server, Outcome& outcome) {
  const Nanoseconds moment = outcome.round["status"] == "failed" ? std::chrono::milliseconds(200) : Nanoseconds::zero();
  const auto ended = [&] { return server.process().status().has_value(); };
  if (wait_until({&server.process()}, -1, -1, now() + moment, ended) == WaitResult::kDone) {
    fail(outcome, server.death_notice());
  }
}

void finish_server(ServerUnderTest& server, Outcome& outcome) {
  Json& round = outcome.round;
  look_for_death(server, outcome);
  Json counters;
  const std::string trouble = server.stop_and_collect(counters);
  round["server"]["counters"] = counters;
  const auto& status = server.process().status();
  round["server"]["exit_status"] = status ? Json(status->number()) : Json(nullptr);
  const std::string last_words = server.process().err().tail();
  round["server"]["stderr_tail"] = last_words.empty() ? Json(nullptr) : Json(last_words);
  if (!trouble.empty() && round["status"] != "failed") {
    fail(outcome, trouble);
  }
}

Outcome run(const Rig& rig, const ServerSpec& spec, const Cell& cell, std::uint64_t seed) {
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
    server.emplace(spec, cell.workload, rig.programs.server, rig.placement.server_cpus);
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
    server->wait_ready(rig.interrupt_fd);
    round["server"]["ready_ns"] = server->ready_time().count();
    measure(rig, *server, cell, seed, outcome);
  } catch (const RoundFailure& failure) {
    fail(outcome, failure.what());
  }
  finish_server(*server, outcome);
  return outcome;
}

}  // namespace

Json run_round(const Rig& rig, const ServerSpec& server, const Cell& cell, std::uint64_t seed) {
  return run(rig, server, cell, seed).round;
}

Json run_round_for_check(const Rig& rig, const ServerSpec& server, const Cell& cell) {
  Outcome outcome = run(rig, server, cell, 1);
  if (outcome.generator_failed) {
    throw RunFailure(outcome.round["reason"].get<std::string>());
  }
  return std::move(outcome.round);
}

}  // namespace fanin::harness
