#include "loadgen/reports/live_json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "os/files.h"

namespace fanin::load {
namespace {

using LineJson = nlohmann::ordered_json;

constexpr Nanoseconds kLineEvery = std::chrono::seconds(1);
constexpr std::size_t kMaxPending = std::size_t{1} << 20;  // bytes: lines of about an hour

LineJson errors_json(const ErrorCounts& errors) {
  LineJson json = LineJson::object();
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    if (const std::uint64_t count = errors[static_cast<ErrorKind>(i)]; count > 0) {
      json[std::string(kErrorNames[i])] = count;
    }
  }
  return json;
}

LineJson percentile_json(const Histogram& histogram, unsigned per_10000) {
  const PercentileValue value = histogram.percentile(per_10000);
  return value.kind == PercentileValue::Kind::kFinite ? LineJson(value.value.count()) : LineJson();
}

LineJson rate_json(std::uint64_t completed, Nanoseconds length) {
  return length > Nanoseconds(0) ? LineJson(static_cast<double>(completed) * 1e9 / static_cast<double>(length.count()))
                                 : LineJson();
}

}  // namespace

LiveJson::LiveJson(const std::string& path) : fd_(STDOUT_FILENO) {
  if (path != "-") {
    try {
      owned_ = os::open_output_file(path, O_CREAT, fmt::format("cannot write the live lines to {}", path));
    } catch (const std::system_error& error) {
      os::fail_output(error, "--live-json");
    }
    fd_ = owned_.get();
  }
}

void LiveJson::begin_run() noexcept {
  if (++run_ == 1 && owned_) {
    // Not when it is opened: a command line that is refused leaves the file as it was. Pipes have no length.
    const int ignored = ::ftruncate(fd_, 0);
    static_cast<void>(ignored);
  }
  last_ = latest_ = {};
  next_line_ = kLineEvery;
}

// Seconds before the window. How far it is from second to second is for the window alone, whose lines add up to the
// result.
void LiveJson::progress(const Progress& progress) {
  if (progress.phase != latest_.phase) {
    next_line_ = kLineEvery;
    last_ = latest_;
    last_.elapsed = Nanoseconds(0);
  }
  latest_ = progress;
  const bool warming_up = progress.phase == Progress::Phase::kWarmup;
  if ((!warming_up && progress.phase != Progress::Phase::kConnecting) || progress.elapsed < next_line_) {
    return;
  }
  const std::uint64_t completed = progress.outside - last_.outside;
  const Nanoseconds length = progress.elapsed - last_.elapsed;
  const LineJson line{{"run", run_},
                      {"phase", warming_up ? "warmup" : "connecting"},
                      {"second", progress.elapsed / kLineEvery - 1},
                      {"completed", completed},
                      {"failed", progress.outside_failed - last_.outside_failed},
                      {"rate_per_s", rate_json(completed, length)},
                      {"p50_ns", nullptr},
                      {"p99_ns", nullptr},
                      {"max_ns", nullptr},
                      {"connections_up", progress.connections_up},
                      {"errors", errors_json(progress.errors)}};
  last_ = progress;
  next_line_ = (progress.elapsed / kLineEvery + 1) * kLineEvery;
  write_line(line.dump());
}

void LiveJson::second(const FinishedSecond& second) {
  const SecondOfAll& sum = second.sum;
  const LineJson line{{"run", run_},
                      {"phase", "window"},
                      {"second", sum.number},
                      {"completed", sum.completed},
                      {"failed", sum.failed},
                      {"rate_per_s", rate_json(sum.completed - sum.late, second.length)},
                      {"p50_ns", percentile_json(sum.responses, 5000)},
                      {"p99_ns", percentile_json(sum.responses, 9900)},
                      {"max_ns", sum.completed > 0 ? LineJson(sum.responses.max().count()) : LineJson()},
                      {"connections_up", latest_.connections_up},
                      {"errors", errors_json(latest_.errors)}};
  write_line(line.dump());
}

void LiveJson::end_run() noexcept { write_pending(os::Wait::kUntilTaken); }

void LiveJson::write_line(const std::string& line) {
  if (error_ == 0 && pending_.size() > kMaxPending) {
    error_ = ENOBUFS;
  }
  if (error_ == 0) {
    pending_ += line + '\n';
    write_pending(os::Wait::kNo);
  }
}

void LiveJson::write_pending(os::Wait wait) noexcept {
  const os::Written written = os::write_bytes(fd_, pending_, wait);
  pending_.erase(0, written.bytes);
  if (written.error != 0) {
    error_ = written.error;
    pending_.clear();
  }
}

}  // namespace fanin::load
