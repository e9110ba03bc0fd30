#include "harness/analysis/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kIndent = 4;
constexpr std::string_view kBusyMachine = "busy-machine";  // codes of fanin-load
constexpr std::string_view kLongReplies = "long-replies";

std::vector<CodedReason> load_reasons(const Json& round) {
  const Json::json_pointer place("/load/verdict/reasons");
  std::vector<CodedReason> reasons;
  if (round.contains(place) && round[place].is_array()) {
    for (const Json& each : round[place]) {
      if (each.is_object()) {
        reasons.push_back({each.value("code", "unknown"), each.value("text", "")});
      }
    }
  }
  return reasons;
}

bool has_reason(const Json& round, std::string_view code) {
  const std::vector<CodedReason> reasons = load_reasons(round);
  return std::any_of(reasons.begin(), reasons.end(), [&](const auto& reason) { return reason.code == code; });
}

std::string in_words(const std::vector<CodedReason>& reasons) {
  std::string text;
  for (const CodedReason& reason : reasons) {
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", reason.code, reason.text.empty() ? "" : ": " + reason.text);
  }
  return text;
}

}  // namespace

RoundNotes round_notes(const Json& round) {
  const auto status = round.at("status").get<std::string>();
  const Json reason = round.value("reason", Json());
  const std::string text = reason.is_string() ? reason.get<std::string>() : "";
  RoundNotes notes;
  if (status != "ok") {
    notes.state = status;
    notes.reasons = status == "invalid" ? load_reasons(round) : std::vector<CodedReason>();
    if (notes.reasons.empty()) {
      notes.reasons.push_back({status, text});
    }
    return notes;
  }
  if (!text.empty()) {
    notes.reasons.push_back({"server-not-read", text});
  }
  const Json::json_pointer verdict("/load/verdict/status");
  if (round.contains(verdict) && round[verdict] == "warning") {
    const std::vector<CodedReason> more = load_reasons(round);
    notes.reasons.insert(notes.reasons.end(), more.begin(), more.end());
  }
  notes.state = notes.reasons.empty() ? "" : "warning";
  return notes;
}

bool is_on_busy_machine(const Json& round) { return has_reason(round, kBusyMachine); }

bool has_long_replies(const Json& round) { return has_reason(round, kLongReplies); }

std::string describe_busy_part(std::size_t busy, std::size_t all, std::string_view noun) {
  return fmt::format("{} on a busy machine ({}): stop other programs, and measure again", os::part_of(busy, all, noun),
                     kBusyMachine);
}

std::string join_codes(const std::vector<CodedReason>& reasons) {
  std::vector<std::string> seen;
  std::string text;
  for (const CodedReason& reason : reasons) {
    if (std::find(seen.begin(), seen.end(), reason.code) == seen.end()) {
      seen.push_back(reason.code);
      text += (text.empty() ? "" : ", ") + os::printable(reason.code);
    }
  }
  return text;
}

std::vector<CodedReason> cell_reasons(const std::vector<const Json*>& rounds, std::size_t repetitions) {
  std::vector<CodedReason> all;
  for (const Json* round : rounds) {
    const RoundNotes notes = round_notes(*round);
    all.insert(all.end(), notes.reasons.begin(), notes.reasons.end());
  }
  for (std::size_t i = rounds.size(); i < repetitions; ++i) {
    all.push_back({"missing", "the round was not run"});
  }
  return all;
}

std::string cell_note(const std::vector<const Json*>& rounds, std::size_t repetitions) {
  struct State {
    std::string note;
    std::string name;
    std::size_t count;
  };
  std::vector<State> states;
  for (const Json* round : rounds) {
    const RoundNotes notes = round_notes(*round);
    const auto known =
        std::find_if(states.begin(), states.end(), [&](const State& s) { return s.name == notes.state; });
    if (known != states.end()) {
      ++known->count;
    } else if (!notes.state.empty()) {
      const bool repeats = notes.reasons.front().code == notes.state;
      states.push_back({(repeats ? "" : notes.state + ": ") + in_words(notes.reasons), notes.state, 1});
    }
  }
  if (rounds.size() < repetitions) {
    states.push_back({"missing", "missing", repetitions - rounds.size()});
  }
  std::string text;
  for (const State& state : states) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ",
                        os::part_of(state.count, std::max(repetitions, rounds.size()), "round"), state.note);
  }
  return text;
}

void Footnotes::add(const std::string& place, const CodedReason& reason) {
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.head == reason.code && !entry.place.empty();
  });
  if (known != entries_.end()) {
    ++known->count;
  } else {
    entries_.push_back({reason.code, 1, place, reason.text});
  }
}

void Footnotes::add(const std::string& head, const std::string& text) {
  const bool known = std::any_of(entries_.begin(), entries_.end(),
                                 [&](const Entry& entry) { return entry.place.empty() && entry.text == text; });
  if (!known) {
    entries_.push_back({head, 1, "", text});
  }
}

std::string Footnotes::text() const {
  std::string text;
  for (const Entry& entry : entries_) {
    const std::string where =
        entry.place.empty() ? ""
                            : fmt::format("{}, first {}: ", os::part_of(entry.count, rounds_, "round"), entry.place);
    text += fmt::format("  {}: {}\n", os::printable(entry.head), os::printable(where + entry.text));
  }
  return os::wrapped(text, kTextWidth, kIndent);
}

}  // namespace fanin::harness
