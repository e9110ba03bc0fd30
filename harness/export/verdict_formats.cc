#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/export/export.h"
#include "harness/verdict/verdict.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

Judgement read_judgement(const Json& document) { return judgement_from_json(JsonReader(document, "verdict")); }

// "worse: server_cpu_per_request_ns: +12.30 % [+11.02, +13.61], band 1 %, 24 units"
std::string describe_change(const MetricVerdict& metric) {
  if (metric.control_failed) {
    return fmt::format("void: {}: the control, base against a copy of itself, is outside the band: {}", metric.metric,
                       format_ratio(metric.control));
  }
  return fmt::format("{}: {}: {}, band {:g} %, {}{}", outcome_name(metric), metric.metric, format_ratio(metric.ratio),
                     metric.band * 100, os::plural(metric.units, "unit"),
                     metric.reason.empty() ? "" : "; " + metric.reason);
}

// Of text and of attributes. XML 1.0 has no place for control characters, which printable() has spelled out, nor for
// U+FFFE and U+FFFF.
std::string escape_xml(std::string_view text) {
  static const std::map<char, std::string_view> kEntities{
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
  std::string escaped;
  const std::string shown = os::printable(text);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::string_view rest = std::string_view(shown).substr(i);
    if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {
      i += 2;
      continue;
    }
    const auto entity = kEntities.find(shown[i]);
    escaped += entity == kEntities.end() ? std::string_view(&shown[i], 1) : entity->second;
  }
  return escaped;
}

struct TestCase {
  std::string class_name;
  std::string name;
  std::string outcome;  // an element: "failure", "error" or "skipped"; empty: passed
  std::string type;
  std::string message;
};

TestCase make_case(const MetricVerdict& metric, bool undecided_fails) {
  TestCase result{.class_name = metric.cell,
                  .name = metric.metric,
                  .outcome = "",
                  .type = std::string(outcome_name(metric)),
                  .message = describe_change(metric)};
  if (metric.control_failed) {
    result.outcome = "error";
  } else if (metric.verdict == Verdict::kWorse) {
    result.outcome = "failure";
  } else if (metric.verdict == Verdict::kUndecided) {
    result.outcome = undecided_fails ? "failure" : "skipped";
  }
  return result;
}

// A verdict that fails the build has a case that fails.
std::vector<TestCase> make_cases(const Judgement& judgement) {
  std::vector<TestCase> cases;
  for (const MetricVerdict& metric : judgement.metrics) {
    cases.push_back(make_case(metric, judgement.undecided_fails()));
  }
  for (const CellFault& fault : judgement.faults) {
    cases.push_back({fault.cell, "usable result", "error", fault.status, fault.status + ": " + fault.reason});
  }
  const bool any_fails = std::any_of(cases.begin(), cases.end(), [](const TestCase& each) {
    return each.outcome == "failure" || each.outcome == "error";
  });
  for (const std::string& obstacle : judgement.obstacles) {
    cases.push_back({"fanin " + judgement.kind, fmt::format("comparable: {}", obstacle), "error", "obstacle",
                     "not comparable: " + obstacle});
  }
  if (judgement.obstacles.empty() && !any_fails && judgement.exit_code() != ExitCode::kPassed) {
    cases.push_back({"fanin " + judgement.kind, "result", "error", "result", describe_result(judgement)});
  }
  return cases;
}

std::string write_case(const TestCase& each) {
  const std::string head =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escape_xml(each.class_name), escape_xml(each.name));
  if (each.outcome.empty()) {
    return head + "/>\n";
  }
  const std::string message = escape_xml(each.message);
  const std::string type = each.outcome == "skipped" ? "" : fmt::format(" type=\"{}\"", escape_xml(each.type));
  return fmt::format("{}>\n      <{} message=\"{}\"{}>{}</{}>\n    </testcase>\n", head, each.outcome, message, type,
                     message, each.outcome);
}

}  // namespace

std::string to_junit(const Json& verdict) {
  const Judgement judgement = read_judgement(verdict);
  const std::vector<TestCase> cases = make_cases(judgement);
  const auto count = [&cases](std::string_view outcome) {
    return std::count_if(cases.begin(), cases.end(), [&](const TestCase& each) { return each.outcome == outcome; });
  };
  const std::string totals =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\"", cases.size(), count("failure"), count("error"));
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"fanin\" {0}>\n"
      "  <testsuite name=\"{1}\" {0} skipped=\"{2}\">\n    <properties>\n",
      totals, escape_xml(fmt::format("fanin {}: {}, {}", judgement.kind, judgement.base, judgement.now)),
      count("skipped"));
  std::vector<ReceiptLine> properties = make_receipt(judgement);
  properties.insert(properties.begin(), {"result", describe_result(judgement)});
  for (const ReceiptLine& property : properties) {
    text += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", property.label, escape_xml(property.text));
  }
  text += "    </properties>\n";
  for (const TestCase& each : cases) {
    text += write_case(each);
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

namespace {

// As escapeData and escapeProperty of @actions/core; a property also ends at a colon or comma.
std::string escape_command(std::string_view text, bool is_property) {
  std::string escaped;
  for (const char c : os::printable(text)) {
    const bool special = c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','));
    escaped += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return escaped;
}

// The annotations of one step: GitHub shows ten of each type, so further ones are counted.
class Annotations {
 public:
  void add(const std::string& type, const std::string& title, const std::string& message) {
    constexpr std::size_t kMostShown = 10;
    if (++counts_[type] <= kMostShown) {
      text_ += fmt::format("::{} title={}::{}\n", type, escape_command(title, true), escape_command(message, false));
    } else {
      ++hidden_;
    }
  }
  std::string text() const {
    return hidden_ == 0 ? text_
                        : text_ + fmt::format("::notice title=fanin::{} more: see the summary of the job\n", hidden_);
  }

 private:
  std::string text_;
  std::map<std::string, std::size_t> counts_;  // by type
  std::size_t hidden_ = 0;
};

}  // namespace

std::string to_github(const Json& verdict) {
  const Judgement judgement = read_judgement(verdict);
  Annotations annotations;
  annotations.add(judgement.interrupted ? "error" : "notice", "fanin " + judgement.kind, describe_result(judgement));
  for (const std::string& obstacle : judgement.obstacles) {
    annotations.add("error", "not comparable", obstacle);
  }
  for (const CellFault& fault : judgement.faults) {
    annotations.add("error", fault.cell, fault.status + ": " + fault.reason);
  }
  for (const MetricVerdict* metric : order_by_harm(judgement)) {
    if (metric->control_failed || metric->verdict == Verdict::kWorse) {
      annotations.add("error", metric->cell, describe_change(*metric));
    } else if (metric->verdict == Verdict::kUndecided && judgement.undecided_fails()) {
      annotations.add("warning", metric->cell, describe_change(*metric));
    }
  }
  return annotations.text();
}

}  // namespace fanin::harness
