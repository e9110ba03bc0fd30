#include "harness/claims/result_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "harness/claims/claim_verdict.h"
#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

ClaimVerdict read_verdict(const JsonReader& reader) {
  const Json& name = reader.at("verdict").value();
  return *std::find_if(std::begin(kClaimVerdicts), std::end(kClaimVerdicts),
                       [&](ClaimVerdict verdict) { return claim_verdict_name(verdict) == name; });
}

void expect_verdict(const JsonReader& reader, ClaimVerdict expected, std::string_view from) {
  if (read_verdict(reader) != expected) {
    reader.at("verdict").fail(fmt::format("but {} give {}", from, claim_verdict_name(expected)));
  }
}

void check_case_result(const JsonReader& reader) {
  const ClaimVerdict verdict = read_verdict(reader);
  if (verdict == ClaimVerdict::kInvalid || verdict == ClaimVerdict::kUnsupported) {
    return;  // its figures do not count, if there are any
  }
  const Json& ratio = reader.at("ratio").value();
  const Json& figure = ratio.is_null() ? reader.at("value").value() : ratio;
  std::optional<statistics::Interval> interval;
  if (figure.is_object() && figure.at("low").is_number() && figure.at("high").is_number()) {
    interval = {figure.at("low").get<double>(), figure.at("high").get<double>(), 0};
  }
  const Threshold threshold{reader.at("direction").value() == "at_least", reader.at("threshold").number()};
  expect_verdict(reader, judge_interval(interval, threshold), "interval and threshold");
}

// The verdicts of the items under a key.
std::vector<NamedVerdict> read_verdicts(const JsonReader& reader, const char* key) {
  std::vector<NamedVerdict> verdicts;
  for (const JsonReader& item : reader.at(key).items()) {
    verdicts.push_back({"", read_verdict(item), ""});
  }
  return verdicts;
}

}  // namespace

bool is_claims_result(const Json& document) {
  return document.is_object() && document.contains("schema") && document.at("schema") == "fanin-claims";
}

std::string find_claims_file(const std::string& path) {
  std::error_code none;
  const std::filesystem::path file = std::filesystem::path(path) / "claims.json";
  return std::filesystem::exists(file, none) ? file.string() : path;
}

std::size_t check_claims_result(const JsonReader& reader) {
  check_schema(reader, "claims");
  const std::vector<JsonReader> claims = reader.at("claims").items();
  std::map<std::string, std::int64_t> counts;
  for (const JsonReader& claim : claims) {
    std::vector<NamedVerdict> all;
    for (const JsonReader& test : claim.at("tests").items()) {
      for (const JsonReader& each : test.at("cases").items()) {
        check_case_result(each);
      }
      const std::vector<NamedVerdict> cases = read_verdicts(test, "cases");
      expect_verdict(test, combine(cases), "its cases");
      all.insert(all.end(), cases.begin(), cases.end());
    }
    expect_verdict(claim, combine(all), "its cases");
    ++counts[claim.at("verdict").text()];
  }
  const JsonReader summary = reader.at("summary");
  for (const ClaimVerdict verdict : kClaimVerdicts) {
    const std::string name(claim_verdict_name(verdict));
    if (summary.at(name).value() != counts[name]) {
      summary.at(name).fail(fmt::format("but the claims give {}", counts[name]));
    }
  }
  return claims.size();
}

}  // namespace fanin::harness
