#include "harness/guest/guest_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "harness/guest/guest_plan.h"
#include "harness/guest/guest_system.h"

namespace fanin::guest {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(1);  // of the guest's clock: idle time is nearly free

void redirect(const std::string& path, int number) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::dup2(file, number) < 0) {
    ::_exit(126);
  }
  ::close(file);
}

[[noreturn]] void become(const std::vector<std::string>& argv, const std::string& out, const std::string& err,
                         int pass) {
  redirect(out, STDOUT_FILENO);
  redirect(err, STDERR_FILENO);
  if (pass >= 0) {
    ::fcntl(pass, F_SETFD, 0);
  }
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));  // exec's signature is older than const
  }
  words.push_back(nullptr);
  if (::chdir(kSuiteDirectory) != 0) {
    ::_exit(126);
  }
  ::execv(words.front(), words.data());
  ::_exit(127);
}

}  // namespace

GuestProcess::GuestProcess(const std::string& name, const std::vector<std::string>& argv, int pass)
    : out_path_("/tmp/" + name + ".out"), err_path_("/tmp/" + name + ".err") {
  ::unlink(out_path_.c_str());  // nobody shall take what another cell's program said for this one's
  ::unlink(err_path_.c_str());
  id_ = ::fork();
  if (id_ == 0) {
    become(argv, out_path_, err_path_, pass);
  }
  if (id_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot start " + argv.front());
  }
}

GuestProcess::~GuestProcess() {
  if (!has_ended()) {
    send(SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
}

bool GuestProcess::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(id_, &status, WNOHANG) == id_) {
    status_ = status;
  }
  return status_.has_value();
}

bool GuestProcess::wait(std::chrono::milliseconds limit) {
  for (auto waited = std::chrono::milliseconds::zero(); !has_ended() && waited < limit; waited += kPollInterval) {
    ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kPollInterval).count()));
  }
  return has_ended();
}

void GuestProcess::wait() {
  if (status_) {
    return;
  }
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = status;
}

void GuestProcess::send(int signal) const { ::kill(id_, signal); }

std::string GuestProcess::out() const { return read_whole(out_path_); }

std::string GuestProcess::describe_end() const {
  std::string text = "did not end";
  if (status_) {
    text = WIFSIGNALED(*status_) ? "signal " + std::to_string(WTERMSIG(*status_))
                                 : "exit code " + std::to_string(WEXITSTATUS(*status_));
  }
  const std::string said = last_line(read_whole(err_path_));
  return said.empty() ? text : text + ": " + said;
}

void end_all_others() {
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string::npos) {
    return "";
  }
  const auto before = text.rfind('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, end + 1 - begin);
}

}  // namespace fanin::guest
