#include "ledger/ledger.h"

#include <ostream>
#include <string>

namespace fanin::ledger {

Ledger::Ledger(std::uint64_t skip, std::uint64_t count, std::ostream& out)
    : window_(skip, count), out_(out), task_(tasks_.try_emplace(0).first) {
  out_ << "fanin-ledger-raw 1\n";
}

void Ledger::enter(const Block& block, std::uint64_t now) {
  book(now);
  const bool is_complete = block_ != nullptr && now - entered_ == block_->instructions;
  if (block.is_user()) {
    enter_user_code(block);
  } else if (block.function->is_task_end) {
    task_->second.is_ending = true;
  }
  task_->second.path.follow(is_complete ? block_ : nullptr, block);
  block_ = &block;
  entered_ = now;
}

// Books the instructions since the last call on where the guest has been since.
void Ledger::book(std::uint64_t now) {
  if (!is_open_ || now == booked_) {
    return;
  }
  Task& task = task_->second;
  PathTree& tree = task.program ? accounts_[index_of(*task.program)].tree : task.tree;
  tree.add(block_->is_user() ? tree.child(PathTree::kNoNode, block_->start) : task.path.node(tree, generation_),
           now - booked_);
  booked_ = now;
}

void Ledger::enter_user_code(const Block& block) {
  Task& task = task_->second;
  task.has_user_code = true;
  if (block.program && block.program != task.program) {
    if (!task.program) {
      settle(task, *block.program);
    }
    task.program = block.program;
    ++generation_;
  }
}

void Ledger::switch_to(std::uint64_t task, std::uint64_t now) {
  book(now);
  if (task_->second.is_ending) {
    settle_unknown(task_->second);
    tasks_.erase(task_);  // another task may get its address
  }
  task_ = tasks_.try_emplace(task).first;
  task_->second.path.begin_with(*block_->function);
  if (is_open_) {
    ++(task_->second.program ? accounts_[index_of(*task_->second.program)].switches : task_->second.switches);
  }
}

void Ledger::mark(Marker marker, std::uint64_t now) {
  switch (marker) {
    case Marker::kReply:
      return apply(window_.reply(), now);
    case Marker::kCellBegins:
      apply(window_.end_cell(), now);
      return apply(window_.begin_cell(), now);
    case Marker::kCellEnds:
      return apply(window_.end_cell(), now);
    case Marker::kCheckBegins:
      check_ = now;
      return;
    case Marker::kCheckEnds:
      if (check_) {
        out_ << "check " << now - *check_ << '\n';
        check_.reset();
      }
      return;
  }
}

void Ledger::finish(std::uint64_t now) {
  apply(window_.end_cell(), now);
  out_ << "end\n" << std::flush;
}

void Ledger::apply(CellWindow::Change change, std::uint64_t now) {
  if (change == CellWindow::Change::kOpens) {
    open(now);
  } else if (change == CellWindow::Change::kCloses) {
    close(now);
  }
}

void Ledger::open(std::uint64_t now) {
  is_open_ = true;
  opened_ = booked_ = now;
}

void Ledger::close(std::uint64_t now) {
  book(now);
  for (auto& [address, task] : tasks_) {
    settle_unknown(task);
  }
  write_cell(is_open_ ? now - opened_ : 0);
  is_open_ = false;
  accounts_ = {};
  ++generation_;
}

void Ledger::settle(Task& task, Program program) {
  accounts_[index_of(program)].tree.merge(task.tree);
  accounts_[index_of(program)].switches += task.switches;
  task.tree.clear();
  task.switches = 0;
}

void Ledger::settle_unknown(Task& task) { settle(task, task.has_user_code ? Program::kInit : Program::kKernel); }

void Ledger::write_cell(std::uint64_t total) {
  out_ << "cell " << window_.index() << ' ' << window_.requests() << ' ' << total << '\n';
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    out_ << "switches " << kProgramNames[i] << ' ' << accounts_[i].switches << '\n';
  }
  std::uint64_t first = 0;  // of this program
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    std::uint64_t id = first;
    for (const PathTree::Node& node : accounts_[i].tree.nodes()) {
      out_ << "node " << id++ << ' ' << (node.parent == PathTree::kNoNode ? "-" : std::to_string(first + node.parent))
           << ' ' << kProgramNames[i] << (is_kernel_address(node.address) ? " k " : " u ") << std::hex << node.address
           << std::dec << ' ' << node.count << '\n';
    }
    first = id;
  }
  out_.flush();
}

}  // namespace fanin::ledger
