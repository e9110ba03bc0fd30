#include "harness/analysis/notes.h"

#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

Json make_reason(const char* code, const char* text) { return {{"code", code}, {"text", text}}; }

Json valid_round() { return {{"status", "ok"}, {"reason", nullptr}, {"load", {{"verdict", {{"status", "valid"}}}}}}; }

Json round_with(const char* status, const char* verdict, const Json& reasons) {
  return {{"status", status},
          {"reason", std::string(status) == "ok" ? Json(nullptr) : Json("because")},
          {"load", {{"verdict", {{"status", verdict}, {"reasons", reasons}}}}}};
}

Json warned_round() {
  return round_with("ok", "warning",
                    Json::array({make_reason("late-sends", "late"), make_reason("few-samples", "only 9")}));
}

std::string codes(const Json& round) { return join_codes(round_notes(round).reasons); }

// The bug: only failed rounds had a note; a warning stood neither on the line of progress nor in the table.
TEST(Notes, WhateverIsNotValidHasACode) {
  EXPECT_EQ(round_notes(valid_round()).state, "");
  EXPECT_EQ(round_notes(warned_round()).state, "warning");
  EXPECT_EQ(codes(warned_round()), "late-sends, few-samples");
  const Json invalid = round_with("invalid", "invalid", Json::array({make_reason("no-reply", "none")}));
  EXPECT_EQ(round_notes(invalid).state, "invalid");
  EXPECT_EQ(codes(invalid), "no-reply");
  EXPECT_EQ(codes(round_with("failed", "valid", Json::array())), "failed");
  Json unread = valid_round();
  unread["reason"] = "the server was not read";
  EXPECT_EQ(round_notes(unread).state, "warning");
  EXPECT_EQ(codes(unread), "server-not-read");
}

// Would catch: a comparison that does not say that other programs ran, because only the first reason counts.
TEST(Notes, ABusyMachineIsFoundAmongOtherReasons) {
  const Json late = make_reason("late-sends", "late");
  const Json busy = make_reason("busy-machine", "the server waited");
  EXPECT_TRUE(is_on_busy_machine(round_with("ok", "warning", Json::array({late, busy}))));
  EXPECT_TRUE(is_on_busy_machine(round_with("invalid", "invalid", Json::array({busy}))));
  EXPECT_FALSE(is_on_busy_machine(warned_round()));
  EXPECT_FALSE(is_on_busy_machine({{"status", "failed"}, {"reason", "because"}, {"load", nullptr}}));
  EXPECT_EQ(describe_busy_part(9, 24, "unit"),
            "9 of 24 units on a busy machine (busy-machine): stop other programs, and measure again");
}

TEST(Notes, LongRepliesAreFoundInInvalidRoundsToo) {
  const Json slow = make_reason("long-replies", "replies take longer than a slice");
  EXPECT_TRUE(has_long_replies(round_with("invalid", "invalid", Json::array({make_reason("no-reply", "none"), slow}))));
  EXPECT_FALSE(has_long_replies(warned_round()));
}

TEST(Notes, ACellHasEachCodeOnce) {
  const Json warned = warned_round();
  const Json valid = valid_round();
  EXPECT_EQ(join_codes(cell_reasons({&valid, &valid}, 2)), "");
  EXPECT_EQ(join_codes(cell_reasons({&valid, &warned, &warned}, 4)), "late-sends, few-samples, missing");
  EXPECT_EQ(cell_note({&valid, &valid}, 2), "");
  EXPECT_EQ(cell_note({&valid, &warned, &warned}, 4),
            "2 of 4 rounds: warning: late-sends: late; few-samples: only 9; 1 of 4 rounds: missing");
  const Json failed = round_with("failed", "valid", Json::array());
  EXPECT_EQ(cell_note({&failed}, 1), "1 of 1 round: failed: because");
}

// The bug: whole sentences in each row of the table, two lines a row.
TEST(Notes, FootnotesExplainEachCodeOnceWithItsCount) {
  Footnotes notes;
  EXPECT_EQ(notes.text(), "");
  notes.add_rounds(3);
  notes.add("epoll/10", CodedReason{"late-sends", "only 98 % left in time"});
  notes.add("poll/10", CodedReason{"late-sends", "only 97 % left in time"});
  notes.add("poll/10", CodedReason{"failed", "bad \x1b[2J\n"});
  notes.add("select/1: failed", std::string("conformance: no"));
  notes.add("select/10: failed", std::string("conformance: no"));
  EXPECT_EQ(notes.text(),
            "  late-sends: 2 of 3 rounds, first epoll/10: only 98 % left in time\n"
            "  failed: 1 of 3 rounds, first poll/10: bad \\x1b[2J\\n\n"
            "  select/1: failed: conformance: no\n");
}

}  // namespace
}  // namespace fanin::harness
