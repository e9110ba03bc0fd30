#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analysis/summary.h"
#include "harness/json/json_reader.h"
#include "os/program.h"
#include "statistics/statistics.h"

namespace fanin::harness {

using os::ExitCode;

// Metrics of ledgers (fanin kernels, fanin ab --count), which no run has.
inline constexpr std::string_view kInstructionsPerRequest = "instructions_per_request";
inline constexpr std::string_view kServerUserInstructions = "server_user_instructions_per_request";
bool is_of_ledgers(std::string_view metric);

enum class Verdict { kBetter, kWorse, kEquivalent, kUndecided };

std::string_view verdict_name(Verdict verdict);

// A ratio with its interval, both as factors around 1.
struct RatioEstimate {
  double ratio = 1;
  std::optional<statistics::Interval> interval;  // none: too few units
};

// Of log ratios. None if there are none.
std::optional<RatioEstimate> to_ratio(const statistics::Shift& log_shift);

// {"ratio", "low", "high", "coverage"}, the last three null without an interval; null without a ratio.
Json ratio_to_json(const std::optional<RatioEstimate>& ratio);

// Compares an interval with a band: wholly beyond it is better or worse, wholly within it is equivalent. `band` is a
// share, symmetric in logarithms: 0.05 is [1/1.05, 1.05].
Verdict judge_ratio(const std::optional<statistics::Interval>& ratio, double band, bool higher_is_better);

// One metric of one cell: the new side compared with the base side.
struct MetricVerdict {
  std::string cell;
  std::string metric;  // a row of results/schema/metrics.json, ROW@CLASS, or one of ledgers
  std::string unit;
  bool higher_is_better = false;
  double band = 0;             // changes of this share or less do not matter
  std::optional<double> base;  // medians
  std::optional<double> now;
  std::optional<RatioEstimate> ratio;  // new to base; none: no unit has both
  Verdict verdict = Verdict::kUndecided;
  std::size_t units = 0;                  // that the verdict rests on
  std::optional<double> smallest_effect;  // the smallest change, as a share, that it finds in 9 of 10 sessions
  std::optional<RatioEstimate> control;   // a second, fresh copy of base compared with base
  bool control_failed = false;            // the control's interval lies beyond the band: the verdict is void
  std::string reason;                     // why there is no ratio, or what restricts the verdict; may be empty
  // The evidence, one value per unit: the log ratios that the verdict, and the control, rest on. Of stored runs: the
  // new side's units, each to the median of base.
  std::vector<double> log_ratios;
  std::vector<double> control_log_ratios;

  void add_reason(const std::string& more);
};

// A cell of which a side has no usable result.
struct CellFault {
  std::string cell;
  std::string status;  // "failed", "invalid", "missing", "pending", "zero" or "unsupported"
  std::string reason;
};

// How the verdicts were reached, and how often the procedure errs.
struct Procedure {
  std::string method;              // one sentence
  double error_rate = 0.01;        // of one comparison that looks several times; of a stored comparison the rate that
                                   // Benjamini-Hochberg controls
  std::vector<std::size_t> looks;  // numbers of units; empty: one look
  std::string false_alarms;        // as describe_false_alarms() says
};

// What `fanin ab` and `fanin compare` find. A value.
struct Judgement {
  std::string kind;  // "ab", "compare", or "kernels": those of one ledger
  std::string base;  // as the user named it
  std::string now;
  std::vector<MetricVerdict> metrics;
  std::vector<CellFault> faults;
  std::vector<std::string> obstacles;    // why the sides are not comparable; empty: they are
  std::vector<std::string> notes;        // about rounds behind the verdicts
  std::vector<std::string> differences;  // of the environments
  Procedure procedure;
  bool strict = false;
  bool interrupted = false;  // by a signal, before every cell was decided or the budget was spent

  ExitCode exit_code() const;
  // Kernels differ on purpose: one that needs more instructions is no regression.
  bool compares_kernels() const { return kind == "kernels"; }
  // Whether a verdict `undecided` fails it: with `strict`, and where nothing at all is decided.
  bool undecided_fails() const { return strict || exit_code() == ExitCode::kUndecided; }
};

// The name of its verdict; "void" where the control failed.
std::string_view outcome_name(const MetricVerdict& metric);
// For people: "+1.46 % [+0.30, +2.61]", "-" without a ratio; "1.5 %", "-" without a share.
std::string format_ratio(const std::optional<RatioEstimate>& ratio);
std::string format_share(const std::optional<double>& share);

// The metrics, those that are worse first, the most harmful change first, those without a ratio last. They stay the
// judgement's.
std::vector<const MetricVerdict*> order_by_harm(const Judgement& judgement);

// The worst of its verdicts in one line: "regression: ...", "no regression", "nothing could be decided: ..."; of
// kernels "cells that changed: ...".
std::string describe_result(const Judgement& judgement);

// What the session itself shows about how far its verdicts can be trusted: the control, the changes that it could find,
// false alarms, the method.
struct ReceiptLine {
  std::string label;
  std::string text;
};
std::vector<ReceiptLine> make_receipt(const Judgement& judgement);
// The table, the notes and the receipt that the commands print.
std::string describe_judgement(const Judgement& judgement);
// As results/schema/verdict.schema.json has it.
Json judgement_to_json(const Judgement& judgement);
// Whether a document says that it is one.
bool is_judgement(const Json& document);
// Reads it back and checks that it fits its schema, and that verdicts and exit code follow from the ratios. Throws
// std::invalid_argument with the place of what is wrong.
Judgement judgement_from_json(const JsonReader& reader);

// The band of a metric: the last one for it among `given` ("METRIC=1%"), else the last one for all ("1%" or "0.01"),
// else `preset`. Throws std::invalid_argument for a malformed band, or one for a metric that there is not: of ledgers
// for a metric of ledgers, else of runs.
double find_band(const std::string& metric, const std::vector<std::string>& given, double preset);

// For `git bisect run`: not comparable, undecided and failed become 125, which skips the commit.
int exit_code_for_bisect(ExitCode code);

}  // namespace fanin::harness
