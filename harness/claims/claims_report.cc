// The text of `fanin claims`.
#include <fmt/format.h>

#include <algorithm>

#include "harness/analysis/summary.h"
#include "harness/claims/claims_run.h"
#include "harness/claims/mechanism.h"
#include "harness/claims/test_slopes.h"
#include "harness/rounds/console.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kWidth = 100;

std::string indented(const std::string& text, std::size_t indent) {
  return os::wrapped(std::string(indent, ' ') + os::printable(text, 2000) + "\n", kWidth, indent + 2);
}

std::string format_interval(double value, const std::optional<statistics::Interval>& interval,
                            const std::function<std::string(double)>& format) {
  return interval ? fmt::format("{} [{}, {}]", format(value), format(interval->low), format(interval->high))
                  : format(value);
}

// Three significant digits, below 1 too: a threshold of 0.97 needs them. "0.965", "2.35", "135".
std::string format_factor(double ratio) {
  return ratio >= 0.9995 ? os::format_digits(ratio) : fmt::format("{:#.3g}", ratio);
}

// As format_figure; a share has three digits, since a threshold of 0.999 needs them.
std::string format_value(double value, std::string_view unit) {
  return unit == "1" && value < 1 ? fmt::format("{:.3g}", value) : format_figure(value, unit);
}

// The case that shows a claim best: of the test that has its verdict, the first such case.
const CaseRun& find_leading_case(const ClaimRun& run) {
  const ClaimVerdict verdict = run.verdict();
  const ClaimVerdict wanted = verdict == ClaimVerdict::kContested ? ClaimVerdict::kConfirmed : verdict;
  for (const std::vector<CaseRun>& test : run.tests) {
    for (const CaseRun& each : test) {
      if (each.result().verdict == wanted) {
        return each;
      }
    }
  }
  return run.tests.front().front();
}

std::string format_flip(const FlipRun& run) {
  const FlipResult result = run.search.result(run.spec->make_case(run.spec->from).threshold.value);
  if (!result.low) {
    return result.reason;
  }
  std::string words = run.spec->parameter;
  std::replace(words.begin(), words.end(), '_', ' ');
  return fmt::format("at {}[{}, {}] {}{}", result.estimate ? format_flip_value(*result.estimate) + " " : "",
                     format_flip_value(*result.low), format_flip_value(*result.high), words,
                     result.reason.empty() ? "" : fmt::format(" ({})", result.reason));
}

// The mechanism of a claim that is decided, the reason of another.
std::string describe_why(const ClaimRun& run, const CaseRun& leading, const CallCosts& costs) {
  const ClaimVerdict verdict = run.verdict();
  if (verdict != ClaimVerdict::kConfirmed && verdict != ClaimVerdict::kRefuted) {
    return explain(run.test_verdicts(), "test");
  }
  const auto mechanism = explain_case(leading, costs);
  return mechanism ? mechanism->text : "";
}

std::string describe_wall(const ClaimsRun& run) {
  std::size_t width = 0;
  for (const Claim& claim : run.claims) {
    width = std::max(width, claim.id.size());
  }
  std::string text =
      fmt::format("{:<{}} {:<12} {:<24} {:<12} {}\n", "claim", width, "verdict", "ratio or value", "threshold", "flip");
  for (const ClaimRun& claim : run.runs) {
    const CaseRun& leading = find_leading_case(claim);
    const std::string flip = claim.flips.empty() ? "" : format_flip(claim.flips.front());
    text += fmt::format("{:<{}} {:<12} {:<24} {:<12} {}", claim.claim->id, width, claim_verdict_name(claim.verdict()),
                        format_case_figure(leading.spec(), leading.result()), format_threshold(leading.spec()), flip);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
    if (const std::string why = describe_why(claim, leading, run.costs); !why.empty()) {
      text += indented(why, 4);
    }
  }
  return text;
}

std::string describe_case(const CaseRun& run, bool single) {
  const CaseResult result = run.result();
  const ClaimCase& spec = run.spec();
  std::string text =
      single ? "" : fmt::format("{}: {}: ", os::printable(spec.name), claim_verdict_name(result.verdict));
  if (result.ratio || result.value) {
    text += format_case_figure(spec, result);
    if (result.base && result.now) {
      text +=
          fmt::format(", {} against {}", format_figure(*result.now, spec.unit), format_figure(*result.base, spec.unit));
    }
    text += fmt::format(", {}", os::plural(result.units, "unit"));
    text += spec.published ? fmt::format("; published {}", os::format_digits(*spec.published)) : "";
  }
  if (!result.reason.empty()) {
    text += (text.empty() || text.ends_with(": ") ? "" : "; ") + result.reason;
  }
  return text;
}

// "base grows by 6.21 [5.80, 6.60] ns; new grows by ... per unit of idle connections"; empty without slopes.
std::string describe_slopes(const ClaimTest& test, const std::vector<CaseRun>& cases) {
  const auto slopes = fit_slopes(cases);
  std::string text;
  for (const auto& [side, slope] :
       {std::pair{"base", slopes ? slopes->base : std::nullopt}, {"new", slopes ? slopes->now : std::nullopt}}) {
    if (slope) {
      const std::string figure = format_interval(slope->estimate, slope->interval, os::format_digits);
      text += fmt::format("{}{} grows by {} {}", text.empty() ? "" : "; ", side, figure, test.cases.front().unit);
    }
  }
  return text.empty() ? "" : fmt::format("{} per unit of {}", text, test.axis.empty() ? "x" : test.axis);
}

std::string describe_claim(const ClaimRun& run, const ClaimsRun& of_all) {
  const Json& document = *run.claim->document;
  const std::vector<NamedVerdict> verdicts = run.test_verdicts();
  const ClaimVerdict verdict = run.verdict();
  std::string text = indented(
      fmt::format("{}: {}: {}", run.claim->id, claim_verdict_name(verdict), document.at("claim").get<std::string>()),
      0);
  text += indented(explain(verdicts, "test"), 2);
  for (std::size_t test = 0; test < verdicts.size(); ++test) {
    const ClaimTest& spec = run.claim->tests[test];
    const std::vector<CaseRun>& cases = run.tests[test];
    text += indented(fmt::format("{}: {}: {}", spec.name, claim_verdict_name(verdicts[test].verdict), spec.says), 2);
    for (const CaseRun& each : cases) {
      text += indented(describe_case(each, cases.size() == 1), 4);
      const auto mechanism = explain_case(each, of_all.costs);
      text += mechanism && !mechanism->text.empty() ? indented(mechanism->text, 6) : "";
    }
    const std::string slopes = describe_slopes(spec, cases);
    text += slopes.empty() ? "" : indented(slopes, 4);
  }
  for (const FlipRun& flip : run.flips) {
    text += indented(fmt::format("flip {}: {}: {}", flip.spec->name, flip.spec->says, format_flip(flip)), 2);
  }
  const std::string name(claim_verdict_name(verdict));
  if (document.at("choice").contains(name)) {
    text += indented(document.at("choice").at(name).get<std::string>(), 2);
  } else if (verdict == ClaimVerdict::kUndecided && of_all.complete) {  // an interrupted run is resumed
    text += indented(fmt::format("measure longer: the same command with --only {} --budget 10m", run.claim->id), 2);
  }
  return text;
}

}  // namespace

std::string format_case_figure(const ClaimCase& of_case, const CaseResult& result) {
  if (result.ratio) {
    return format_interval(result.ratio->ratio, result.ratio->interval, format_factor);
  }
  if (result.value) {
    return format_interval(result.value->estimate, result.value->interval,
                           [&](double value) { return format_value(value, of_case.unit); });
  }
  return "-";
}

std::string format_threshold(const ClaimCase& of_case) {
  const double value = of_case.threshold.value;
  return fmt::format("{} {}", of_case.threshold.at_least ? ">=" : "<=",
                     of_case.base ? os::format_digits(value) : format_value(value, of_case.unit));
}

std::string describe_claims(const ClaimsRun& run) {
  std::string text = describe_wall(run);
  for (const ClaimRun& claim : run.runs) {
    text += "\n" + describe_claim(claim, run);
  }
  return text;
}

std::string list_claims(const std::deque<Claim>& claims) {
  std::string text;
  net::Nanoseconds of_all{};
  for (const Claim& claim : claims) {
    const std::vector<const ClaimCase*> cases = claim.list_cases();
    const net::Nanoseconds time = expect_first_looks(plan_claim_looks({}, cases), cases);
    of_all += time;
    text += indented(fmt::format("{}: {}", claim.id, claim.document->at("claim").get<std::string>()), 0);
    text += fmt::format("    {}, {}, {}; at least {}\n", os::plural(claim.tests.size(), "test"),
                        os::plural(cases.size(), "case"), os::plural(claim.flips.size(), "flip"),
                        Progress::format_estimate(time));
  }
  return text + fmt::format("\n{}: the first looks take about {}\n", os::plural(claims.size(), "claim"),
                            Progress::format_estimate(of_all));
}

}  // namespace fanin::harness
