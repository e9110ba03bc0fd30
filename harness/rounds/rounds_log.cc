#include "harness/rounds/rounds_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/judge/run_file.h"

namespace fanin {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw std::system_error(error, std::generic_category(), fmt::format("cannot write {}", path));
}

// Returns the errno of the failure, 0 where all went well.
int write_and_sync(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

std::string to_text(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

RoundsLog::RoundsLog(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (!file_) {
    fail(path_, errno);
  }
}

void RoundsLog::append(const Json& round) {
  struct stat before {};
  check(::fstat(file_.get(), &before), "fstat");
  if (const int error = write_and_sync(file_.get(), to_text(round) + "\n"); error != 0) {
    // Take back what arrived of the line. Where even that fails, recover() will.
    const int ignored = ::ftruncate(file_.get(), before.st_size);
    static_cast<void>(ignored);
    fail(path_, error);
  }
}

std::vector<Json> RoundsLog::recover(const std::string& path,
                                     const std::function<void(const JsonReader&)>& check_belongs) {
  std::vector<Json> rounds;
  if (!std::filesystem::exists(path)) {
    return rounds;  // interrupted before the first round
  }
  const std::string text = load_text(path);
  std::map<std::pair<std::string, std::int64_t>, std::size_t> lines;  // by cell and block
  std::size_t whole = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', whole)) {
    const std::size_t line = rounds.size() + 1;
    const std::string place = fmt::format("{}: line {}", path, line);
    try {
      Json round = parse_json(std::string_view(text).substr(whole, end - whole), path, line);
      const JsonReader reader(round, place);
      check_round(reader);
      check_belongs(reader);
      const auto [earlier, is_new] = lines.emplace(std::pair{round["cell"], round["block"]}, line);
      if (!is_new) {
        reader.fail(fmt::format("repeats the round of line {}", earlier->second));
      }
      rounds.push_back(std::move(round));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(
          fmt::format("{}: take the line out of the file, and its round is measured again", error.what()));
    }
    whole = end + 1;
  }
  if (whole < text.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0) {
    fail(path, errno);
  }
  return rounds;
}

void write_file_atomically(const std::string& path, const std::string& text) {
  // A name of its own: a file of the user's may have any other, and two writers must not share one.
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) {
    fail(path, errno);
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  int error = ::fchmod(file.get(), 0644 & ~mask) == 0 ? write_and_sync(file.get(), text) : errno;
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail(path, error);
  }
}

}  // namespace fanin
