#include "ledger/cell_window.h"

#include <gtest/gtest.h>

namespace fanin::ledger {
namespace {

using Change = CellWindow::Change;

// Would catch: a window that is one reply too long or too short.
TEST(CellWindow, HoldsTheCountAfterTheSkippedReplies) {
  CellWindow window(2, 3);
  EXPECT_EQ(window.begin_cell(), Change::kNone);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.reply(), Change::kOpens);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.requests(), 2U);
  EXPECT_EQ(window.reply(), Change::kCloses);
  EXPECT_EQ(window.requests(), 3U);
  EXPECT_EQ(window.index(), 0U);
}

// Would catch: a second window in the same cell, from the replies that follow.
TEST(CellWindow, OpensOnceInACell) {
  CellWindow window(1, 1);
  window.begin_cell();
  window.reply();
  EXPECT_EQ(window.reply(), Change::kCloses);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.end_cell(), Change::kNone);
  EXPECT_EQ(window.requests(), 1U);
  window.begin_cell();
  EXPECT_EQ(window.index(), 1U);
  EXPECT_EQ(window.reply(), Change::kOpens);
}

// Would catch: a server that failed, whose cell is missing, so that all later ones are taken for others.
TEST(CellWindow, ACellThatEndsEarlyCloses) {
  CellWindow window(2, 3);
  window.begin_cell();
  window.reply();
  EXPECT_EQ(window.end_cell(), Change::kCloses);
  EXPECT_EQ(window.requests(), 0U);
  window.begin_cell();
  for (int i = 0; i < 3; ++i) {
    window.reply();
  }
  EXPECT_EQ(window.end_cell(), Change::kCloses);
  EXPECT_EQ(window.requests(), 1U);
}

// Would catch: replies of a warm-up outside all cells that are counted.
TEST(CellWindow, RepliesOutsideCellsDoNotCount) {
  CellWindow window(1, 1);
  EXPECT_EQ(window.reply(), Change::kNone);
  EXPECT_EQ(window.end_cell(), Change::kNone);
  window.begin_cell();
  EXPECT_EQ(window.reply(), Change::kOpens);
}

// Would catch: a window without skipped replies that never opens.
TEST(CellWindow, WithoutSkippingItOpensWithTheCell) {
  CellWindow window(0, 1);
  EXPECT_EQ(window.begin_cell(), Change::kOpens);
  EXPECT_EQ(window.reply(), Change::kCloses);
}

}  // namespace
}  // namespace fanin::ledger
