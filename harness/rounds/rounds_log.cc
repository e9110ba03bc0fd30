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

#include "harness/analysis/run_file.h"
#include "os/atomic_file.h"

namespace fanin::harness {
RoundsLog::RoundsLog(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (!file_) {
    throw_cannot_write(path_, errno);
  }
}

void RoundsLog::append(const Json& round) {
  struct stat before {};
  check(::fstat(file_.get(), &before), "fstat");
  if (before.st_nlink == 0) {
    throw_cannot_write(path_, ENOENT);
  }
  if (const int error = write_and_sync(file_.get(), to_text(round) + "\n"); error != 0) {
    // Take back what arrived of the line. Where even that fails, recover() will.
    const int ignored = ::ftruncate(file_.get(), before.st_size);
    static_cast<void>(ignored);
    throw_cannot_write(path_, error);
  }
}

bool RoundsLog::is_removed() const noexcept {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 && status.st_nlink == 0;
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
    throw_cannot_write(path, errno);
  }
  return rounds;
}

}  // namespace fanin::harness
