#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analysis/summary.h"
#include "harness/export/export.h"
#include "harness/verdict/verdict.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// A comment on GitHub takes 64 KiB; what is escaped is up to six times as long.
constexpr std::size_t kMostBytes = std::size_t{60} << 10;
constexpr std::size_t kMostListBytes = std::size_t{6} << 10;
constexpr std::size_t kLongestCell = 100;
constexpr std::size_t kLongestText = 250;

// As text that is no markup, and no end of a table's cell.
std::string escape_markdown(std::string_view text, std::size_t longest = kLongestText) {
  constexpr std::string_view kMarkup = "&<>|`*_~[]\\$#@";
  std::string escaped;
  for (const char c : os::printable(text, longest)) {
    escaped += kMarkup.find(c) == std::string_view::npos ? std::string(1, c)
                                                         : fmt::format("&#{};", static_cast<unsigned char>(c));
  }
  return escaped;
}

// In a fixed-width font, in which no names or numbers become links.
std::string code(std::string_view text, std::size_t longest = kLongestCell) {
  return "<code>" + escape_markdown(text, longest) + "</code>";
}

// Appends lines while the text stays below `limit` bytes, and then how many are left.
void append_lines(std::string& text, const std::vector<std::string>& lines, std::size_t limit,
                  std::string_view begin_of_more = "- ") {
  constexpr std::size_t kRoomForMore = 100;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (text.size() + lines[i].size() + kRoomForMore > limit) {
      text += fmt::format("{}{} more\n", begin_of_more, lines.size() - i);
      return;
    }
    text += lines[i];
  }
}

void append_list(std::string& text, std::string_view heading, const std::vector<std::string>& lines) {
  if (lines.empty()) {
    return;
  }
  text += fmt::format("\n### {}\n\n", heading);
  append_lines(text, lines, text.size() + kMostListBytes);
}

std::vector<std::string> bullets(const std::vector<std::string>& texts) {
  std::vector<std::string> lines;
  lines.reserve(texts.size());
  for (const std::string& each : texts) {
    lines.push_back("- " + escape_markdown(each) + "\n");
  }
  return lines;
}

constexpr std::string_view kTableHead =
    "| cell | metric | base | new | change of pairs [interval] | band | could find | verdict |\n"
    "|---|---|--:|--:|--:|--:|--:|---|\n";

std::string table_row(const MetricVerdict& metric) {
  const auto figure = [&metric](const std::optional<double>& value) {
    return value ? format_figure(*value, metric.unit) : "-";
  };
  const std::string_view outcome = outcome_name(metric);
  return fmt::format("| {} | {} | {} | {} | {} | {:g} % | {} | {} |\n", code(metric.cell), code(metric.metric),
                     figure(metric.base), figure(metric.now), escape_markdown(format_ratio(metric.ratio)),
                     metric.band * 100, format_share(metric.smallest_effect),
                     metric.verdict == Verdict::kWorse ? fmt::format("**{}**", outcome) : std::string(outcome));
}

std::string count_table(const Judgement& judgement) {
  constexpr std::array<std::string_view, 5> kOutcomes{"better", "worse", "equivalent", "undecided", "void"};
  std::map<std::string_view, std::size_t> counts;
  for (const MetricVerdict& metric : judgement.metrics) {
    ++counts[outcome_name(metric)];
  }
  std::string head = "|";
  std::string rule = "|";
  std::string row = "|";
  for (const std::string_view outcome : kOutcomes) {
    head += fmt::format(" {} |", outcome);
    rule += "--:|";
    row += fmt::format(" {} |", counts[outcome]);
  }
  return fmt::format("{} without a usable result |\n{}--:|\n{} {} |\n", head, rule, row, judgement.faults.size());
}

std::string link_line(const std::string& link) {
  if (link.empty()) {
    return "";
  }
  const bool is_address = link.starts_with("https://") || link.starts_with("http://");
  const bool is_plain = link.find_first_of(" <>\"'`|\\()[]") == std::string::npos && os::is_printable(link);
  return is_address && is_plain ? fmt::format("\n[Report]({})\n", os::printable(link))
                                : fmt::format("\nReport: {}\n", escape_markdown(link));
}

void append_worst(std::string& text, const Judgement& judgement) {
  constexpr std::size_t kMostShown = 3;
  auto ordered = order_by_harm(judgement);
  std::erase_if(ordered, [](const MetricVerdict* metric) { return !metric->ratio; });
  if (ordered.empty()) {
    return;
  }
  text +=
      fmt::format("\n### The worst {}\n\n{}", os::plural(std::min(ordered.size(), kMostShown), "change"), kTableHead);
  for (std::size_t i = 0; i < std::min(ordered.size(), kMostShown); ++i) {
    text += table_row(*ordered[i]);
  }
}

}  // namespace

std::string to_markdown(const Json& verdict, const std::string& link) {
  const Judgement judgement = judgement_from_json(JsonReader(verdict, "verdict"));
  std::string text = fmt::format("## fanin {}: {}\n\nbase {}, new {}; exit code {}\n\n{}", judgement.kind,
                                 escape_markdown(describe_result(judgement)), code(judgement.base), code(judgement.now),
                                 static_cast<int>(judgement.exit_code()), count_table(judgement));
  append_list(text, "Not comparable", bullets(judgement.obstacles));
  std::vector<std::string> faults;
  for (const CellFault& fault : judgement.faults) {
    faults.push_back(fmt::format("- {}: {}: {}\n", code(fault.cell), fault.status, escape_markdown(fault.reason)));
  }
  append_list(text, "Cells without a usable result", faults);
  append_worst(text, judgement);
  std::vector<std::string> receipt;
  for (const ReceiptLine& line : make_receipt(judgement)) {
    receipt.push_back(fmt::format("- {}: {}\n", line.label, escape_markdown(line.text)));
  }
  append_list(text, "How far to trust it", receipt);
  append_list(text, "Notes", bullets(judgement.notes));
  append_list(text, "The environments differ", bullets(judgement.differences));
  text += link_line(link);
  if (!judgement.metrics.empty()) {
    std::vector<std::string> rows;
    for (const MetricVerdict& metric : judgement.metrics) {
      rows.push_back(table_row(metric));
    }
    text +=
        fmt::format("\n<details><summary>All {}</summary>\n\n{}", os::plural(rows.size(), "comparison"), kTableHead);
    append_lines(text, rows, kMostBytes, "\n");
    text += "\n</details>\n";
  }
  return text;
}

}  // namespace fanin::harness
