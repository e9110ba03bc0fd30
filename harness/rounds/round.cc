#include "harness/rounds/round.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <deque>
#include <optional>
#include <random>

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

Json begin_round(const Cell& cell) {
  return {{"cell", cell.id},   {"started_at", timestamp_now()},
          {"status", "ok"},    {"reason", nullptr},
          {"load", nullptr},   {"server", nullptr},
          {"machine", nullptr}};
}

// One member of a unit while it is measured.
struct Member {
  explicit Member(const UnitMember& member) : plan(member), round(begin_round(*member.cell)) {}

  const UnitMember& plan;
  Json round;
  std::optional<ServerUnderTest> server = {};  // nothing: it could not be started
  bool generator_failed = false;               // it gave no result, and the server lived

  bool is_ready() const { return server && round["status"] == "ok"; }
  void fail(const std::string& reason) {
    round["status"] = "failed";
    round["reason"] = reason;
    generator_failed = false;
  }
};

constexpr std::size_t kMaxPadding = 4096;  // bytes: every position within a page

void start_server(const RoundContext& context, Member& member, std::size_t padding) {
  const UnitMember& plan = member.plan;
  const ServerSpec& server = *plan.server;
  try {
    member.server.emplace(server, plan.cell->workload, prepare_start(context, server, plan.program, padding));
  } catch (const os::CannotStart& error) {
    if (server.command.empty()) {
      throw;  // a program of ours has gone: no server can be measured
    }
    member.fail(error.what());
    return;
  } catch (const RoundFailure& failure) {
    member.fail(failure.what());
    return;
  }
  for (const char* key : kServerKeys) {
    member.round["server"][key] = nullptr;
  }
}

void wait_ready(const RoundContext& context, Member& member) {
  try {
    member.server->wait_ready(context.interrupt_fd);
    member.round["server"]["ready_ns"] = member.server->ready_time().count();
  } catch (const RoundFailure& failure) {
    member.fail(failure.what());
  }
}

// Drives the servers that are ready and fills in what was measured. Failures are in the rounds.
void measure(const RoundContext& context, const std::vector<Member*>& ready, std::uint64_t seed) {
  std::vector<ServerUnderTest*> servers;
  servers.reserve(ready.size());
  for (Member* member : ready) {
    servers.push_back(&*member->server);
  }
  LoadRun load(context, std::move(servers), *ready.front()->plan.cell, seed);
  try {
    load.run(context.interrupt_fd);
    for (Member* member : ready) {
      member->round["reason"] = load.note().empty() ? Json(nullptr) : Json(load.note());
    }
  } catch (const GeneratorFailure& failure) {
    for (Member* member : ready) {
      member->fail(failure.what());
      member->generator_failed = true;
    }
  } catch (const RoundFailure& failure) {
    for (Member* member : ready) {
      member->fail(failure.what());
    }
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    Json& round = ready[i]->round;
    round["load"] = load.result(i);
    load.add_server_readings(i, round["server"]);
    round["machine"] = load.machine_readings();
    if (round["status"] == "ok" && round["load"]["verdict"]["status"] == "invalid") {
      round["status"] = "invalid";
      round["reason"] = join_texts(round_notes(round).reasons);
    }
  }
}

// The end of a server makes the generator fail too, whose end may be seen first. So after a failure this waits briefly
// for the end of the server, which is then the reason of the round.
void check_server_ended(Member& member) {
  ServerUnderTest& server = *member.server;
  const net::Nanoseconds moment =
      member.round["status"] == "failed" ? std::chrono::milliseconds(200) : net::Nanoseconds::zero();
  const auto ended = [&] { return server.process().status().has_value(); };
  if (os::wait_until({&server.process()}, -1, -1, net::now() + moment, ended) == os::WaitResult::kDone) {
    member.fail(server.describe_end());
  }
}

void finish_server(Member& member) {
  Json& round = member.round;
  check_server_ended(member);
  Json counters;
  const std::string trouble = member.server->stop_and_collect(counters);
  round["server"]["counters"] = counters;
  const auto& status = member.server->process().status();
  round["server"]["exit_status"] = status ? Json(status->number()) : Json(nullptr);
  const std::string last_line = member.server->process().err().tail();
  round["server"]["stderr_tail"] = last_line.empty() ? Json(nullptr) : Json(last_line);
  if (!trouble.empty() && round["status"] != "failed") {
    member.fail(trouble);
  }
}

std::deque<Member> run(const RoundContext& context, const std::vector<UnitMember>& plans, std::uint64_t seed) {
  std::deque<Member> members;  // a server is not movable
  std::mt19937_64 engine(seed);
  for (const UnitMember& plan : plans) {
    Member& member = members.emplace_back(plan);
    start_server(context, member, 1 + engine() % kMaxPadding);
  }
  std::vector<Member*> ready;
  for (Member& member : members) {
    if (member.server) {
      wait_ready(context, member);
    }
    if (member.is_ready()) {
      ready.push_back(&member);
    }
  }
  if (!ready.empty()) {
    measure(context, ready, seed);
  }
  for (Member& member : members) {
    if (member.server) {
      finish_server(member);
    }
    if (ready.size() > 1) {
      member.round["interleaved"] = members.size();
    }
  }
  return members;
}

}  // namespace

ServerStart prepare_start(const RoundContext& context, const ServerSpec& server, const std::string& program,
                          std::size_t padding) {
  ServerStart start{.program = program.empty() ? context.programs.server : program,
                    .cpus = context.placement.server_cpus,
                    .padding = padding};
  if (server.mentions("{share}") || !server.build.empty()) {
    start.share = context.programs.data();
  }
  if (!server.build.empty()) {
    start.build = context.builds->require(server, start.share, context.placement.all_cpus(), context.interrupt_fd);
  }
  return start;
}

std::vector<Json> run_unit(const RoundContext& context, const std::vector<UnitMember>& members, std::uint64_t seed) {
  std::vector<Json> rounds;
  for (Member& member : run(context, members, seed)) {
    rounds.push_back(std::move(member.round));
  }
  return rounds;
}

Json run_checked_round(const RoundContext& context, const ServerSpec& server, const Cell& cell) {
  const std::vector<UnitMember> plan{{&server, &cell}};
  std::deque<Member> members = run(context, plan, 1);
  if (members.front().generator_failed) {
    throw RunFailure(members.front().round["reason"].get<std::string>());
  }
  return std::move(members.front().round);
}

namespace {

constexpr net::Nanoseconds kDeadline = std::chrono::minutes(3);
constexpr int kShortage = 2;  // of fanin-conformance: it lacks something itself, the server has shown nothing

Json verdict(const char* status, int cases, const Json& reason) {
  return {{"status", status}, {"cases", cases}, {"reason", reason}};
}

Json run_conformance_cases(const RoundContext& context, const std::string& model, const std::string& protocol) {
  const net::Descriptor report(net::check(::memfd_create("conformance", MFD_CLOEXEC), "memfd_create"));
  const std::string path = fmt::format("/dev/fd/{}", report.get());  // in both processes
  os::Launch launch;
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
  launch.cpus = context.placement.all_cpus();  // nothing is timed
  os::ChildProcess gate(launch);
  const auto ended = [&] { return gate.status().has_value(); };
  const os::WaitResult result = os::wait_until({&gate}, -1, context.interrupt_fd, net::now() + kDeadline, ended);
  if (result == os::WaitResult::kInterrupted) {
    throw Interrupted{};
  }
  if (result == os::WaitResult::kDeadline) {
    return verdict("failed", 0, "the conformance cases did not end within 3 minutes");
  }
  const os::ExitStatus status = *gate.status();
  if (status.code == kShortage || status.signal != 0) {
    const std::string last_line = gate.err().last_line();
    throw RunFailure(fmt::format("the conformance check does not work: {}",
                                 last_line.empty() ? "fanin-conformance: " + status.text() : last_line));
  }
  return parse_conformance_report(load_json(path));
}

// Why a server is not what the workload takes it for, though each reply was right; empty: it is. A server that closes a
// connection after each reply is measured with a connection per request, whatever the workload says.
std::string find_closing(const Workload& workload, const Json& load) {
  const auto reconnects = load["connections"].value("reconnects", std::int64_t{0});
  const bool keeps = 2 * reconnects <= load["requests"].value("completed", std::int64_t{0});
  if (workload.protocol() != "http" || workload.closes_connections() || keeps) {
    return "";
  }
  return fmt::format(
      "closed {} of its connections, and the workload keeps them: give it \"requests_per_connection\": 1", reconnects);
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
    const std::string reason = round["reason"].is_string() ? ": " + round["reason"].get<std::string>() : "";
    return verdict("failed", 1, "no request was answered" + reason);
  }
  if (const std::string reason = find_closing(cell.workload, round["load"]); !reason.empty()) {
    return verdict("failed", 1, reason);
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
