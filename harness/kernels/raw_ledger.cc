#include "harness/kernels/raw_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kFirstLine = "fanin-ledger-raw 1";

std::optional<std::uint64_t> parse_raw_number(std::string_view word, int base = 10) {
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number, base);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

// Reads the lines one by one and keeps what has been read.
class RawLedgerParser {
 public:
  explicit RawLedgerParser(std::string_view text) : rest_(text) {}

  RawLedger parse();

 private:
  bool next_line();  // into words_; false: there is no complete line left
  void parse_line();
  void add_cell();
  void add_switches();
  void add_node();
  void finish_cell();

  [[noreturn]] void fail(std::string_view problem) const {
    throw std::runtime_error(fmt::format("raw ledger: line {}: {}", line_, problem));
  }
  void expect_words(std::size_t count) const {
    if (words_.size() != count) {
      fail(fmt::format("'{}' has {} words, expected {}", os::printable(words_.front(), 20), words_.size(), count));
    }
  }
  std::uint64_t number(std::size_t word, int base = 10) const {
    const auto parsed = parse_raw_number(words_[word], base);
    return parsed ? *parsed : (fail(fmt::format("'{}' is no number", os::printable(words_[word], 40))), 0);
  }
  Program program(std::size_t word) const {
    const auto found = std::find(kProgramNames.begin(), kProgramNames.end(), words_[word]);
    if (found == kProgramNames.end()) {
      fail(fmt::format("'{}' is no program", os::printable(words_[word], 40)));
    }
    return static_cast<Program>(found - kProgramNames.begin());
  }
  RawCell& cell() {
    if (ledger_.cells.empty()) {
      fail("no cell begins before it");
    }
    return ledger_.cells.back();
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  std::vector<std::string_view> words_;
  RawLedger ledger_;
};

bool RawLedgerParser::next_line() {
  const auto end = rest_.find('\n');
  if (end == std::string_view::npos) {
    return false;
  }
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  ++line_;
  words_.clear();
  for (;;) {
    const auto space = line.find(' ');
    words_.push_back(line.substr(0, space));
    if (space == std::string_view::npos) {
      return true;
    }
    line.remove_prefix(space + 1);
  }
}

RawLedger RawLedgerParser::parse() {
  if (!rest_.starts_with(kFirstLine) || !next_line() || words_.size() != 2) {
    throw std::runtime_error(fmt::format("raw ledger: it does not begin with the line '{}'", kFirstLine));
  }
  while (next_line()) {
    if (words_.front() == "end") {
      expect_words(1);
      finish_cell();
      if (!rest_.empty()) {
        fail("there is text after the end");
      }
      return std::move(ledger_);
    }
    parse_line();
  }
  throw std::runtime_error(fmt::format("raw ledger: truncated after line {}: its last line should be 'end'", line_));
}

void RawLedgerParser::parse_line() {
  const std::string_view kind = words_.front();
  if (kind == "node") {
    add_node();
  } else if (kind == "switches") {
    add_switches();
  } else if (kind == "cell") {
    add_cell();
  } else if (kind == "check") {
    expect_words(2);
    if (ledger_.check) {
      fail("a second check");
    }
    ledger_.check = number(1);
  } else {
    fail(fmt::format("unknown word '{}'", os::printable(kind, 40)));
  }
}

void RawLedgerParser::add_cell() {
  finish_cell();
  expect_words(4);
  const RawCell cell{.index = number(1), .requests = number(2), .total = number(3)};
  if (!ledger_.cells.empty() && cell.index <= ledger_.cells.back().index) {
    fail(fmt::format("cell {} follows cell {}", cell.index, ledger_.cells.back().index));
  }
  ledger_.cells.push_back(cell);
}

void RawLedgerParser::add_switches() {
  expect_words(3);
  if (!cell().switches.emplace(program(1), number(2)).second) {
    fail("its switches to this program are there twice");
  }
}

void RawLedgerParser::add_node() {
  expect_words(7);
  std::vector<RawNode>& nodes = cell().nodes;
  if (number(1) != nodes.size()) {
    fail(fmt::format("node {}, expected {}", words_[1], nodes.size()));
  }
  RawNode node{.program = program(3), .user = words_[4] == "u", .address = number(5, 16), .count = number(6)};
  if (!node.user && words_[4] != "k") {
    fail(fmt::format("'{}' is neither k nor u", os::printable(words_[4], 40)));
  }
  if (words_[2] != "-") {
    const std::uint64_t parent = number(2);
    if (node.user || parent >= nodes.size() || nodes[parent].user) {
      fail(fmt::format("node {} cannot have node {} as its parent", words_[1], words_[2]));
    }
    node.parent = static_cast<std::int64_t>(parent);
  }
  nodes.push_back(node);
}

void RawLedgerParser::finish_cell() {
  if (ledger_.cells.empty()) {
    return;
  }
  const RawCell& done = ledger_.cells.back();
  std::uint64_t sum = 0;
  bool overflow = false;
  for (const RawNode& node : done.nodes) {
    overflow = __builtin_add_overflow(sum, node.count, &sum) || overflow;
  }
  if (overflow || sum != done.total) {
    fail(fmt::format("the nodes of cell {} have {} instructions, its total is {}", done.index, sum, done.total));
  }
}

}  // namespace

RawLedger parse_raw_ledger(std::string_view text) { return RawLedgerParser(text).parse(); }

}  // namespace fanin::harness
