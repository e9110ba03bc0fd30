#include "ledger/cell_window.h"

namespace fanin::ledger {

CellWindow::Change CellWindow::begin_cell() noexcept {
  ++cells_;
  replies_ = 0;
  is_under_way_ = true;
  return skip_ == 0 ? Change::kOpens : Change::kNone;
}

CellWindow::Change CellWindow::reply() noexcept {
  if (!is_under_way_) {
    return Change::kNone;
  }
  ++replies_;
  if (replies_ == skip_ + count_) {
    is_under_way_ = false;
    return Change::kCloses;
  }
  return replies_ == skip_ ? Change::kOpens : Change::kNone;
}

CellWindow::Change CellWindow::end_cell() noexcept {
  if (!is_under_way_) {
    return Change::kNone;
  }
  is_under_way_ = false;
  return Change::kCloses;
}

}  // namespace fanin::ledger
