#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fanin::guest {

// A child of init whose output goes to files, which nobody has to read while it runs. One thread.
class GuestProcess {
 public:
  // `name`: of its files in /tmp. `pass`: a descriptor that stays open in it; -1: none. Throws std::system_error.
  GuestProcess(const std::string& name, const std::vector<std::string>& argv, int pass = -1);
  GuestProcess(const GuestProcess&) = delete;
  GuestProcess& operator=(const GuestProcess&) = delete;
  ~GuestProcess();  // kills it

  pid_t id() const noexcept { return id_; }
  bool has_ended();
  // Waits for its end; false where it is still there after `limit`.
  bool wait(std::chrono::milliseconds limit);
  void wait();  // without a limit, and without waking up before its end
  void send(int signal) const;
  std::string out() const;
  // "exit code 2: the last line of its standard error".
  std::string describe_end() const;
  bool is_clean() const noexcept { return status_ && *status_ == 0; }

 private:
  std::string out_path_;
  std::string err_path_;
  pid_t id_ = -1;
  std::optional<int> status_;  // of waitpid()
};

// Kills what is left of a cell, such as processes of a server, and collects it. For process 1 only.
void end_all_others();

// The last line that is not empty.
std::string last_line(const std::string& text);

}  // namespace fanin::guest
