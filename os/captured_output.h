#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace fanin {

// What a child has written to one pipe, kept within bounds: the first line (a server's READY line), the last lines
// (its counters, or its last words on standard error), and, where asked for, all of it up to a limit.
class Output {
 public:
  enum class Keep { kTail, kAll };

  explicit Output(Keep keep) : keep_(keep) {}

  // Reads what is there from the non-blocking `fd`. Returns false at the end of the stream.
  bool drain(int fd);
  void append(std::string_view bytes);

  bool has_first_line() const noexcept { return has_first_line_; }
  const std::string& first_line() const noexcept { return first_line_; }
  // The last line, also one without a newline at its end; empty where nothing was written.
  std::string last_line() const;
  // The last lines (at most 20), separated by newlines.
  std::string tail() const;
  const std::string& all() const noexcept { return all_; }
  bool truncated() const noexcept { return truncated_; }

 private:
  void end_line();

  Keep keep_;
  std::string line_;  // the one that is being written
  std::string first_line_;
  bool has_first_line_ = false;
  std::deque<std::string> last_lines_;
  std::string all_;
  bool truncated_ = false;
};

}  // namespace fanin
