#include "harness/guest/guest_cell.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "harness/guest/debug_port.h"
#include "harness/guest/guest_process.h"
#include "harness/guest/guest_system.h"
#include "ledger/marker.h"

namespace fanin::guest {
namespace {

using GuestJson = nlohmann::json;

// By the guest's clock, in which an instruction takes a nanosecond.
constexpr auto kReadyLimit = std::chrono::seconds(30);
constexpr auto kLoadLimit = std::chrono::minutes(10);
constexpr auto kStopLimit = std::chrono::seconds(30);
constexpr auto kLookInterval = std::chrono::milliseconds(1);

// init's end of the generator's control socket (docs/contracts.md). Owns both ends.
class Control {
 public:
  Control() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
  }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control() {
    ::close(ends_[0]);
    close_generator_end();
  }
  int generator_end() const noexcept { return ends_[1]; }
  void close_generator_end() noexcept {
    if (ends_[1] >= 0) {
      ::close(ends_[1]);
      ends_[1] = -1;
    }
  }
  // Waits until the window has closed. False: the generator has ended before, or takes longer than `limit`.
  bool wait_for_close(std::chrono::milliseconds limit) {
    std::string text;
    std::array<char, 4096> buffer;
    while (text.find("\"window_close\"") == std::string::npos) {
      pollfd poll{ends_[0], POLLIN, 0};
      const int ready = ::poll(&poll, 1, static_cast<int>(limit.count()));
      const ssize_t got = ready > 0 ? ::recv(ends_[0], buffer.data(), buffer.size(), 0) : 0;
      if (got <= 0) {
        return false;
      }
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return true;
  }
  void release() const { ::send(ends_[0], "\n", 1, MSG_NOSIGNAL); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

struct ReadyServer {
  std::string target;
  pid_t process;  // the root of its tree
};

ReadyServer wait_ready(GuestProcess& server) {
  for (auto waited = std::chrono::milliseconds::zero(); waited < kReadyLimit; waited += kLookInterval) {
    const std::string out = server.out();
    if (const auto end = out.find('\n'); end != std::string::npos) {
      const GuestJson ready = GuestJson::parse(out.substr(0, end));
      const GuestJson& address = ready.at("addresses").at(0);
      return {address.at("host").get<std::string>() + ":" + std::to_string(address.at("port").get<int>()),
              ready.at("pid").get<pid_t>()};
    }
    if (server.has_ended()) {
      throw std::runtime_error("the server ended before it was ready: " + server.describe_end());
    }
    ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kLookInterval).count()));
  }
  throw std::runtime_error("the server was not ready after 30 s of the guest's time");
}

std::vector<std::string> complete(const std::vector<std::string>& argv, const std::string& target, int control) {
  std::vector<std::string> words = argv;
  for (std::string& word : words) {
    word = word == kTargetWord ? target : word;
  }
  words.insert(words.end(), {"--json", "-", "--quiet", "--control", std::to_string(control)});
  return words;
}

std::string file_of(pid_t process, const char* name) {
  return read_whole("/proc/" + std::to_string(process) + "/" + name);
}

// Texts of /proc; the host reads them.
class MemoryReadings {
 public:
  void read(const char* when) {
    texts_[when] = {{"meminfo", read_whole("/proc/meminfo")}, {"slabinfo", read_whole("/proc/slabinfo")}};
  }
  void read_status(pid_t server) { texts_["server_status"] = file_of(server, "status"); }
  std::string text() const { return texts_.dump(); }

 private:
  GuestJson texts_ = GuestJson::object();
};

// Frames are sent after the window, and those of a cell that fails are sent as far as there are any.
void measure(const GuestCell& cell, std::uint32_t number) {
  MemoryReadings memory;
  memory.read("before");
  GuestProcess server("server", cell.server);
  const ReadyServer ready = wait_ready(server);
  Control control;
  GuestProcess generator("load", complete(cell.generator, ready.target, control.generator_end()),
                         control.generator_end());
  control.close_generator_end();
  if (control.wait_for_close(kLoadLimit)) {
    memory.read("connected");  // first, since reading a task's files takes memory
    memory.read_status(ready.process);
    send_frame(FrameType::kServerMaps, number, file_of(ready.process, "maps"));
    send_frame(FrameType::kGeneratorMaps, number, file_of(generator.id(), "maps"));
    control.release();
  }
  if (!generator.wait(kLoadLimit)) {
    throw std::runtime_error("fanin-load did not end within 10 min of the guest's time");
  }
  send_frame(FrameType::kLoad, number, generator.out());
  if (generator.out().empty()) {
    throw std::runtime_error("fanin-load gave no result: " + generator.describe_end());
  }
  server.send(SIGTERM);
  if (!server.wait(kStopLimit) || !server.is_clean()) {
    throw std::runtime_error("the server was sent SIGTERM: " + server.describe_end());
  }
  send_frame(FrameType::kServerCounters, number, last_line(server.out()));
  memory.read("after");
  send_frame(FrameType::kMemory, number, memory.text());
}

}  // namespace

void run_cell(const GuestCell& cell, std::uint32_t number) {
  ledger::mark<ledger::Marker::kCellBegins>();
  try {
    measure(cell, number);
  } catch (const std::exception& error) {
    send_frame(FrameType::kError, number, error.what());
  }
  end_all_others();
  ledger::mark<ledger::Marker::kCellEnds>();
}

void run_suite(const std::vector<std::string>& argv) {
  GuestProcess run("run", argv);
  run.wait();
  const std::string text = read_whole(std::string(kRunDirectory) + "/run.json");
  const GuestJson document = GuestJson::parse(text, nullptr, false);
  if (!document.is_object() || !document.value("complete", false)) {
    throw std::runtime_error("fanin run did not finish: " + run.describe_end());
  }
  send_frame(FrameType::kRun, kNoCell, text);
}

std::string run_and_read(const std::vector<std::string>& argv) {
  GuestProcess process("tool", argv);
  process.wait(kReadyLimit);
  return process.out();
}

}  // namespace fanin::guest
