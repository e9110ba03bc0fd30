#include "harness/claims/claim_variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "harness/claims/claims_run.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The log values of base, new and the copy of base in one unit; of a test of a value `now` alone, which is no
// logarithm.
struct StoredUnit {
  double base = 0;
  double now = 0;
  double control = 0;
};
using StoredCases = std::map<std::string, std::vector<StoredUnit>>;  // by the ID of the case

// The units of the committed result, up to a factor that no verdict depends on: it holds their log ratios.
std::vector<StoredUnit> read_units(const Json& of_case) {
  const Json& ratios = of_case.at("log_ratios");
  const Json& controls = of_case.at("control_log_ratios");
  std::vector<StoredUnit> units;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const double control = controls.size() == ratios.size() ? controls[i].get<double>() : 0;
    units.push_back({0, ratios[i].get<double>() + control / 2, control});
  }
  return units;
}

StoredCases read_cases(const Json& result) {
  StoredCases cases;
  for (const Json& claim : result.at("claims")) {
    for (const Json& test : claim.at("tests")) {
      const bool single = test.at("cases").size() == 1;
      for (const Json& each : test.at("cases")) {
        std::string id = claim.at("id").get<std::string>() + "/" + test.at("name").get<std::string>();
        id += single && each.at("name") == test.at("name") ? "" : "/" + each.at("name").get<std::string>();
        cases.emplace(id, read_units(each));
      }
    }
  }
  return cases;
}

// What the units are with the sides swapped: both copies of the new base scatter as those of the old one.
StoredUnit swap_unit(const StoredUnit& unit) {
  return {unit.now - unit.control / 2, unit.control / 2, unit.now + unit.control / 2};
}

Claim parse(const Json& document, const std::string& path) {
  const auto find_any = [](const std::string&, const std::string& name) {
    return ServerSpec{.name = name, .model = {}, .args = {}, .command = {"program", "{port}"}};
  };
  return parse_claim(JsonReader(document, path), find_any);
}

// All claims with the units that are known of their cases.
class StoredRun {
 public:
  StoredRun(const std::vector<std::pair<std::string, Json>>& documents, const Json& result)
      : cases_(read_cases(result)) {
    const Json& procedure = result.at("procedure");
    run.plan = {procedure.at("looks").get<std::vector<std::size_t>>(), procedure.at("error_rate").get<double>()};
    for (const auto& [path, document] : documents) {
      run.claims.push_back(parse(document, path));
    }
    run.begin();
  }

  template <typename Change>
  void measure(const Change& change) {
    for (CaseRun* each : run.list_cases()) {
      for (const StoredUnit& stored : cases_[each->spec().id]) {
        const bool is_value = !each->spec().base;
        const StoredUnit unit = is_value ? stored : change(each->spec(), stored);
        const auto arm = [&](double value) {
          return ArmRecord{"ok", "", {{each->spec().metric, is_value ? value : std::exp(value)}}};
        };
        std::vector<ArmRecord> arms{arm(unit.now)};
        if (!is_value) {
          arms = {arm(unit.base), arm(unit.now), arm(unit.control)};
        }
        each->add({.case_id = each->spec().id, .unit = each->units().size(), .arms = std::move(arms)});
      }
    }
  }

  ClaimsRun run;

 private:
  StoredCases cases_;
};

// The shipped claims that the committed result has, those of papers only if it has them.
std::vector<std::pair<std::string, Json>> load_claims(const Json& result) {
  std::vector<std::pair<std::string, Json>> documents;
  for (const Json& claim : result.at("claims")) {
    const std::string path = std::string(FANIN_CLAIMS) + "/" + claim.at("id").get<std::string>() + ".json";
    documents.emplace_back(path, load_json(path));
  }
  return documents;
}

ClaimVerdict turn_around(ClaimVerdict verdict) {
  return verdict == ClaimVerdict::kConfirmed ? ClaimVerdict::kRefuted
         : verdict == ClaimVerdict::kRefuted ? ClaimVerdict::kConfirmed
                                             : verdict;
}

// Would catch: a verdict that is built in, or a threshold that is read for one side only. With the sides of every
// shipped claim swapped and the same units, confirmed and refuted change places, and contested stays contested.
TEST(SwapSides, TurnsEveryVerdictAround) {
  const Json result = load_json(FANIN_CLAIMS_RESULT);
  auto documents = load_claims(result);
  StoredRun stored(documents, result);
  stored.measure([](const ClaimCase&, const StoredUnit& unit) { return unit; });
  for (auto& [path, document] : documents) {
    document = swap_sides(JsonReader(document, path));
  }
  StoredRun swapped(documents, result);
  swapped.measure([](const ClaimCase&, const StoredUnit& unit) { return swap_unit(unit); });

  std::map<ClaimVerdict, std::size_t> of_cases;
  const auto cases = stored.run.list_cases();
  const auto swapped_cases = swapped.run.list_cases();
  ASSERT_EQ(cases.size(), swapped_cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const ClaimVerdict verdict = cases[i]->result().verdict;
    ++of_cases[verdict];
    EXPECT_EQ(swapped_cases[i]->result().verdict, turn_around(verdict)) << cases[i]->spec().id;
  }
  const auto has_units = [](const CaseRun* each) { return !each->units().empty(); };
  EXPECT_GT(2 * std::count_if(cases.begin(), cases.end(), has_units), static_cast<std::ptrdiff_t>(cases.size()));
  EXPECT_GT(of_cases[ClaimVerdict::kConfirmed], 0U);
  EXPECT_GT(of_cases[ClaimVerdict::kRefuted], 0U);
  std::map<ClaimVerdict, std::size_t> of_claims;
  for (std::size_t i = 0; i < stored.run.runs.size(); ++i) {
    const ClaimVerdict verdict = stored.run.runs[i].verdict();
    ++of_claims[verdict];
    EXPECT_EQ(swapped.run.runs[i].verdict(), turn_around(verdict)) << stored.run.claims[i].id;
  }
  EXPECT_GT(of_claims[ClaimVerdict::kConfirmed], 0U);
  EXPECT_GT(of_claims[ClaimVerdict::kContested], 0U);
}

// Would catch: a summary over other claims that does not see what the servers do. With epoll slowed to fifty times its
// CPU time, and nothing else changed, K16 recommends another mechanism.
TEST(ReplaceModel, ASlowedServerFlipsK16) {
  const Json result = load_json(FANIN_CLAIMS_RESULT);
  const std::string path = std::string(FANIN_CLAIMS) + "/K16.json";
  const Json document = load_json(path);
  StoredRun stored({{path, document}}, result);
  stored.measure([](const ClaimCase&, const StoredUnit& unit) { return unit; });
  ASSERT_NE(stored.run.runs.front().verdict(), ClaimVerdict::kRefuted);
  const Replacement slow = Replacement::parse("epoll=epoll --read-cap 1");
  StoredRun slowed({{path, replace_model(JsonReader(document, path), slow)}}, result);
  slowed.measure([](const ClaimCase& spec, StoredUnit unit) {
    EXPECT_THAT(spec.now.server.args, ElementsAre("--read-cap", "1"));
    EXPECT_THAT(spec.base->server.args, ElementsAre());
    unit.now += std::log(50);
    return unit;
  });
  EXPECT_EQ(slowed.run.runs.front().verdict(), ClaimVerdict::kRefuted);
}

const char* const kClaim = R"({"schema":"fanin-claim","schema_version":1,"id":"K0","claim":"it grows","source":"a book",
    "choice":{"confirmed":"use a","refuted":"use b"},
    "tests":[{"name":"grows","says":"it does","metric":"throughput_per_s","at_least":4,
              "workload":{"protocol":"echo"},"base":{"model":"poll","args":["--accept-batch","1"]},
              "cases":[{"name":"one","published":2,"new":{"model":"epoll"}},
                       {"name":"two","at_most":0.5,"base":{"model":"select"},"new":{"model":"epoll"}},
                       {"name":"value","base":null,"at_least":7,"new":{"model":"epoll"}}]}],
    "flips":[{"name":"twice","says":"it costs twice","metric":"throughput_per_s","at_least":2,
              "workload":{"protocol":"echo"},"base":{"model":"epoll"},"new":{"model":"poll"},
              "parameter":"connections","from":1,"to":20}]})";

// Would catch: a side of a case that is laid over the swapped side of its test, and keeps the other's arguments.
TEST(SwapSides, CasesKeepWhatTheyTakeFromTheirTest) {
  const Json document = Json::parse(kClaim);
  const Json swapped = swap_sides(JsonReader(document, "K0.json"));
  EXPECT_EQ(swapped["claim"], "not: it grows");
  EXPECT_EQ(swapped["choice"]["confirmed"], "use b");
  const Claim claim = parse(swapped, "K0.json");
  const std::vector<ClaimCase>& cases = claim.tests.front().cases;
  EXPECT_EQ(cases[0].base->label, "epoll");
  EXPECT_EQ(cases[0].now.label, "poll --accept-batch 1");
  EXPECT_TRUE(cases[0].threshold.at_least);
  EXPECT_DOUBLE_EQ(cases[0].threshold.value, 0.25);
  EXPECT_EQ(cases[0].published, 0.5);
  EXPECT_EQ(cases[1].now.server.model, "select");
  EXPECT_FALSE(cases[1].threshold.at_least);
  EXPECT_DOUBLE_EQ(cases[1].threshold.value, 2);
  EXPECT_FALSE(cases[2].base);
  EXPECT_EQ(cases[2].now.label, "epoll");
  EXPECT_FALSE(cases[2].threshold.at_least);
  EXPECT_DOUBLE_EQ(cases[2].threshold.value, 7);
  const ClaimCase point = claim.flips.front().make_case(5);
  EXPECT_EQ(point.now.label, "epoll");
  EXPECT_DOUBLE_EQ(point.threshold.value, 0.5);
}

TEST(ReplaceModel, AddsToTheArgumentsOfASide) {
  const Json document = Json::parse(kClaim);
  const JsonReader reader(document, "K0.json");
  const Json replaced = replace_model(reader, Replacement::parse("poll=poll --read-cap 9"));
  EXPECT_EQ(replaced["claim"], "it grows (poll --read-cap 9 in place of poll)");
  const Claim claim = parse(replaced, "K0.json");
  EXPECT_EQ(claim.tests.front().cases[0].base->label, "poll --accept-batch 1 --read-cap 9");
  EXPECT_EQ(claim.tests.front().cases[1].base->label, "select --accept-batch 1");
  EXPECT_EQ(claim.flips.front().make_case(5).now.label, "poll --read-cap 9");
  EXPECT_EQ(replace_model(reader, Replacement::parse("sigio=epoll")), document);
}

TEST(Replacement, NeedsAModelOnBothSides) {
  for (const char* wrong : {"epoll", "=epoll", "epoll=", "epoll=--read-cap 1", ""}) {
    try {
      Replacement::parse(wrong);
      ADD_FAILURE() << wrong;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("give a model and its replacement"));
    }
  }
}

}  // namespace
}  // namespace fanin::harness
