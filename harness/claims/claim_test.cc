#include "harness/claims/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Json make_claim() {
  return Json::parse(
      R"({"schema":"fanin-claim","schema_version":1,"id":"K0","claim":"poll gets slower","source":"a book",
      "choice":{"confirmed":"use epoll","refuted":"use poll"},
      "tests":[{"name":"grows","says":"it does","metric":"server_cpu_per_request_ns","at_least":1.5,
                "workload":{"protocol":"echo","connections":10},
                "base":{"model":"poll"},"new":{"model":"poll","workload":{"idle_connections":1000}}}]})");
}

ServerSpec find_no_server(const std::string& suite, const std::string& name) {
  throw std::invalid_argument("there is no server '" + name + "' in the suite " + suite);
}

Claim parse(const Json& document) { return parse_claim(JsonReader(document, "claims/K0.json"), find_no_server); }

std::string claim_complaint(const Json& document) {
  try {
    parse(document);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

Json with(const std::string& pointer, const Json& value) {
  Json document = make_claim();
  document[Json::json_pointer(pointer)] = value;
  return document;
}

TEST(Claim, ATestWithoutCasesIsOneCase) {
  const Claim claim = parse(make_claim());
  ASSERT_EQ(claim.tests.front().cases.size(), 1U);
  const ClaimCase& only = claim.tests.front().cases.front();
  EXPECT_EQ(only.id, "K0/grows");
  EXPECT_EQ(only.name, "grows");
  EXPECT_TRUE(only.threshold.at_least);
  EXPECT_DOUBLE_EQ(only.threshold.value, 1.5);
  EXPECT_EQ(only.base->label, "poll");
  EXPECT_EQ(only.now.label, "poll, 1,000 idle connections");
  EXPECT_EQ(only.base->workload->idle_connections(), 0);
  EXPECT_EQ(only.now.workload->all_connections(), 1010);
  EXPECT_EQ(only.unit, "ns");
}

// Would catch: sides with different loads that are driven by one generator, which has one load.
TEST(Claim, SidesOfOneLoadAndPlacementCanBeInterleaved) {
  EXPECT_FALSE(parse(make_claim()).list_cases().front()->is_interleavable());
  const Json same = with("/tests/0/new", {{"model", "epoll"}});
  EXPECT_TRUE(parse(same).list_cases().front()->is_interleavable());
  EXPECT_FALSE(parse(with("/tests/0/new", {{"model", "epoll"}, {"placement", "shared"}}))
                   .list_cases()
                   .front()
                   ->is_interleavable());
  // Would catch: heavy requests that outlast their slice and delay the next server's.
  Json heavy = same;
  heavy["tests"][0]["interleave"] = false;
  EXPECT_FALSE(parse(heavy).list_cases().front()->is_interleavable());
  Json memory = same;
  memory["tests"][0]["metric"] = "memory_total_bytes";  // the machine's slab has no owner
  EXPECT_FALSE(parse(memory).list_cases().front()->is_interleavable());
}

TEST(Claim, ACaseIsLaidOverItsTest) {
  const Claim claim = parse(
      with("/tests/0/cases", Json::parse(R"([{"name":"100 idle","x":100,"new":{"workload":{"idle_connections":100}}},
                      {"name":"epoll","published":1.1,"at_most":1.2,"base":{"model":"epoll"},"new":{"model":"epoll"}},
                      {"name":"a value","at_least":1,"base":null,"metric":"throughput_per_s"}])")));
  const std::vector<ClaimCase>& cases = claim.tests.front().cases;
  EXPECT_EQ(cases[0].now.server.model, "poll");
  EXPECT_EQ(cases[0].now.workload->idle_connections(), 100);
  EXPECT_EQ(cases[0].x, 100);
  EXPECT_FALSE(cases[1].threshold.at_least);
  EXPECT_DOUBLE_EQ(cases[1].threshold.value, 1.2);
  EXPECT_EQ(cases[1].published, 1.1);
  EXPECT_EQ(cases[1].now.workload->idle_connections(), 1000);
  EXPECT_FALSE(cases[2].base);
  EXPECT_EQ(cases[2].unit, "1/s");
}

// Would catch: a complaint that names the case although the test is wrong, or no place at all.
TEST(Claim, ComplaintsNameThePlace) {
  EXPECT_THAT(claim_complaint(with("/tests/0/colour", "red")),
              StartsWith("claims/K0.json: /tests/0: unknown key 'colour': known here are accept_invalid, "));
  EXPECT_EQ(claim_complaint(with("/tests/0/metrics", "red")),
            "claims/K0.json: /tests/0: unknown key 'metrics': did you mean metric?");
  EXPECT_THAT(claim_complaint(with("/tests/0/metric", "server_cpu_per_request")),
              HasSubstr("claims/K0.json: /tests/0/metric: there is no metric 'server_cpu_per_request': did you mean"));
  EXPECT_THAT(claim_complaint(with("/tests/0/at_least", "much")),
              HasSubstr("claims/K0.json: /tests/0/at_least: \"much\""));
  EXPECT_THAT(claim_complaint(with("/tests/0/at_least", 0)), HasSubstr("/tests/0/at_least: must be above 0"));
  EXPECT_THAT(claim_complaint(with("/tests/0/at_most", 2)), HasSubstr("/tests/0: needs a threshold: give either"));
  EXPECT_THAT(claim_complaint(with("/tests/0/new/model", "")), HasSubstr("/tests/0/new/model"));
  EXPECT_THAT(claim_complaint(with("/tests/0/workload/verify_idle", true)),
              HasSubstr("/tests/0/workload: 'verify_idle' needs"));
  EXPECT_THAT(claim_complaint(with("/tests/0/new/workload/idle_connections", -1)),
              HasSubstr("/tests/0/new/workload/idle_connections"));
  EXPECT_THAT(claim_complaint(with("/tests/0/window", "20ms")), HasSubstr("/tests/0/window: must be at least 50ms"));
  EXPECT_THAT(claim_complaint(with("/id", "K1")), HasSubstr("/id: must be 'K0', as the file is called"));
  EXPECT_THAT(claim_complaint(with("/tests/0/new", {{"server", "nginx"}})),
              HasSubstr("/tests/0/new/server: needs 'servers_of'"));
  EXPECT_THAT(claim_complaint(with("/tests/0/new", {{"server", "nginx"}, {"servers_of", "frameworks"}})),
              HasSubstr("/tests/0/new/server: there is no server 'nginx' in the suite frameworks"));
  EXPECT_THAT(claim_complaint(with("/tests/0/metric", "response_p99_ns@light")),
              HasSubstr("/tests/0/metric: the workload's 'mix' has no class with the name 'light'"));
  EXPECT_THAT(claim_complaint(with("/tests/0/cases", Json::parse(R"([{"name":"a","new":{"model":7}}])"))),
              HasSubstr("claims/K0.json: /tests/0/cases/0/new/model: must be a text"));
  EXPECT_THAT(claim_complaint(with("/tests/0/cases", Json::parse(R"([{"name":"a","kind":"calls"}])"))),
              HasSubstr("/tests/0/metric: must be \"time_ns\""));
}

// Would catch: a side labelled with the JSON text of its mix.
TEST(Claim, AMixIsNamedByItsClasses) {
  const Json mix =
      Json::parse(R"([{"weight":99,"name":"light","work_loops":0},{"weight":1,"name":"heavy","work_loops":1000}])");
  const Claim claim = parse(with("/tests/0/new/workload", {{"protocol", "work"}, {"mix", mix}}));
  EXPECT_THAT(claim.list_cases().front()->now.label, HasSubstr("mix of 99 light and 1 heavy"));
}

TEST(Claim, BenchmarksAreSidesOfTheKindCalls) {
  const Json calls =
      Json::parse(R"({"name":"switch","says":"it is cheaper","kind":"calls","metric":"time_ns","at_most":0.5,
      "base":{"benchmark":"switch/thread"},"new":{"benchmark":"switch/coroutine"}})");
  const Claim claim = parse(with("/tests/0", calls));
  const ClaimCase& only = *claim.list_cases().front();
  EXPECT_TRUE(only.calls);
  EXPECT_EQ(only.base->label, "switch/thread");
  Json wrong = with("/tests/0", calls);
  wrong["tests"][0]["new"]["model"] = "epoll";
  EXPECT_THAT(claim_complaint(wrong), HasSubstr("/tests/0/new/model: excludes kind \"calls\""));
}

TEST(Claim, AFlipMakesACaseOfEachValue) {
  const Json flip =
      Json::parse(R"({"name":"twice","says":"it costs twice","metric":"server_cpu_per_request_ns","at_least":2,
      "workload":{"protocol":"echo"},"base":{"model":"epoll"},"new":{"model":"poll"},
      "parameter":"idle_connections","from":0,"to":2000})");
  const Claim claim = parse(with("/flips", Json::array({flip})));
  const ClaimCase point = claim.flips.front().make_case(137);
  EXPECT_EQ(point.id, "K0/twice/137");
  EXPECT_EQ(point.base->workload->idle_connections(), 137);
  EXPECT_TRUE(point.is_interleavable());
  Json backwards = flip;
  backwards["to"] = 1;
  backwards["from"] = 1;
  EXPECT_THAT(claim_complaint(with("/flips", Json::array({backwards}))),
              HasSubstr("/flips/0/to: must be above 'from'"));
}

// select watches descriptors up to 1023, and a server has some besides those of its connections.
void expect_within_select(const ClaimCase& end) {
  for (const ClaimSide* side : {end.base ? &*end.base : nullptr, &end.now}) {
    if (side != nullptr && side->server.model == "select") {
      EXPECT_LE(side->workload->all_connections(), 1000) << end.id;
    }
  }
}

// Would catch: a shipped file that does not parse, and a search of K2 whose end was unsupported, so that it found
// nothing.
TEST(Claim, ShippedFilesAreClaims) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FANIN_CLAIMS)) {
    if (entry.path().extension() == ".json") {
      const Json document = load_json(entry.path());
      const auto find_any = [](const std::string&, const std::string& name) {
        return ServerSpec{.name = name, .model = {}, .args = {}, .command = {"program", "{port}"}};
      };
      Claim claim;
      ASSERT_NO_THROW(claim = parse_claim(JsonReader(document, entry.path()), find_any)) << entry.path();
      for (const ClaimFlip& flip : claim.flips) {
        expect_within_select(flip.make_case(flip.to));
      }
      ++count;
    }
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace fanin::harness
