#include "protocols/protocol_harness.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fanin::protocols {
namespace {

// One session with its input and output.
class SessionRun : private Channel {
 public:
  SessionRun(std::unique_ptr<ServerSession> session, std::size_t limit) : limit_(limit), session_(std::move(session)) {
    session_->attach(*this);
  }

  void start() {
    ReplyBuffer out(buffer_, limit_);
    session_->start(out);
    take(out);
  }

  void feed(std::string_view part) {
    bool more = true;  // an empty part is presented once, as a model may do
    while ((more || !part.empty()) && !done()) {
      ReplyBuffer out(buffer_, limit_);
      const ServerSession::Progress progress = session_->consume(part, out);
      if (progress.consumed > part.size()) {
        result.fault = "consumed more than there was";
        return;
      }
      const bool stuck = progress.consumed == 0 && buffer_.empty() && (progress.more || !part.empty());
      if (stuck && !out.closing()) {
        result.fault = "neither took input nor gave output, with room for it";
        return;
      }
      if (progress.consumed < part.size() && !progress.more && buffer_.empty()) {
        result.fault = "left input although it had room for the reply";
        return;
      }
      part.remove_prefix(progress.consumed);
      more = progress.more;
      take(out);
      closed_ |= result.server_closes && !more;
    }
  }

  bool done() const { return closed_ || !result.fault.empty(); }

  SessionOutput result;

 private:
  void push(std::string_view bytes) override { result.replies += bytes; }

  void take(const ReplyBuffer& out) {
    if (buffer_.size() > limit_) {
      result.fault = "more output than there was room for";
    }
    result.replies += buffer_;
    result.server_closes |= out.closing();
    buffer_.clear();
  }

  std::size_t limit_;
  std::string buffer_;
  bool closed_ = false;
  std::unique_ptr<ServerSession> session_;  // destroyed before its channel
};

}  // namespace

SessionOutput run_session(std::unique_ptr<ServerSession> session, const std::vector<std::string_view>& parts,
                          std::size_t limit) {
  SessionRun run(std::move(session), limit);
  run.start();
  for (const std::string_view part : parts) {
    if (run.done()) {
      break;
    }
    run.feed(part);
  }
  return std::move(run.result);
}

ClientState after_requests(ClientProtocol& client, int count, std::uint32_t connection) {
  ClientState state{.connection = connection};
  std::string requests;
  for (int i = 0; i < count; ++i) {
    client.append_request(state, requests);
  }
  return state;
}

ReplyOutcome verify(ClientProtocol& client, ClientState& state, std::string_view stream, std::size_t split) {
  ReplyOutcome total;
  for (const std::string_view part : {stream.substr(0, split), stream.substr(split)}) {
    const ReplyOutcome outcome = client.consume_all(state, part);
    total.completed += outcome.completed;
    if (outcome.mismatch && !total.mismatch) {
      total.mismatch = true;
      total.fault = outcome.fault;
    }
  }
  return total;
}

std::vector<std::string_view> cut(std::string_view text, std::size_t at) {
  return {text.substr(0, at), text.substr(at)};
}

std::vector<std::string_view> trickle(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    parts.push_back(text.substr(i, 1));
  }
  return parts;
}

ScratchDirectory::ScratchDirectory() : path_((std::filesystem::temp_directory_path() / "fanin-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void ScratchDirectory::write(const std::string& name, std::string_view content) const {
  const std::string finished = path(name);
  const std::string draft = finished + ".draft";
  std::ofstream file(draft, std::ios::binary);
  file << content;
  file.close();
  if (!file) {
    throw std::system_error(errno, std::generic_category(), draft);
  }
  std::filesystem::rename(draft, finished);
}

void ScratchDirectory::make_directory(const std::string& name) const { std::filesystem::create_directory(path(name)); }

void ScratchDirectory::link(const std::string& target, const std::string& name) const {
  std::filesystem::create_symlink(target, path(name));
}

}  // namespace fanin::protocols
