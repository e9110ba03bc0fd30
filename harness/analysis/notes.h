#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

inline constexpr std::size_t kTextWidth = 100;  // of tables and of the sentences below them

// What is the matter with a round. Codes of fanin-load's verdicts are those of docs/methodology.md; the harness adds
// `server-not-read`, `missing`, and the states `failed` and `unsupported` as codes of their own.
struct CodedReason {
  std::string code;  // a word or two, for a row of a table
  std::string text;  // a sentence with the figures
};

struct RoundNotes {
  std::string state;  // "warning", or the status of a round that is not ok; empty: valid
  std::vector<CodedReason> reasons;
};

RoundNotes round_notes(const Json& round);

// Whether other programs competed with the round.
bool is_on_busy_machine(const Json& round);
// Whether replies took too long for the slices of an interleaved round, or for its window.
bool has_long_replies(const Json& round);
// "9 of 24 units on a busy machine (busy-machine): ...", with what to do.
std::string describe_busy_part(std::size_t busy, std::size_t all, std::string_view noun);

// "late-sends, few-samples": each code once, in the order of the first.
std::string join_codes(const std::vector<CodedReason>& reasons);

// The reasons of all rounds of a cell, and one `missing` for each round that `repetitions` has more.
std::vector<CodedReason> cell_reasons(const std::vector<const Json*>& rounds, std::size_t repetitions);

// The same in words: "2 of 5 rounds: warning: CODE: TEXT; 1 of 5 rounds: missing", each state with the reasons of its
// first round; empty where all rounds are there and valid.
std::string cell_note(const std::vector<const Json*>& rounds, std::size_t repetitions);

// Explains codes below a table, each once: "late-sends: 3 of 20 rounds, first epoll/10: only 98 % ...".
class Footnotes {
 public:
  void add_rounds(std::size_t count) { rounds_ += count; }
  // `place` says where: a cell, as the table has it.
  void add(const std::string& place, const CodedReason& reason);
  // A line of its own, once.
  void add(const std::string& head, const std::string& text);
  // A line each, wrapped, in the order of the first.
  std::string text() const;

 private:
  struct Entry {
    std::string head;  // a code where it has a place
    std::size_t count;
    std::string place;
    std::string text;
  };
  std::size_t rounds_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace fanin::harness
