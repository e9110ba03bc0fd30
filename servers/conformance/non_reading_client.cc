#include "servers/conformance/non_reading_client.h"

#include <poll.h>

namespace fanin::conformance {
namespace {

constexpr int kReceiveBufferBytes = 4096;
constexpr std::size_t kRequestsPerPush = 4096;
constexpr int kSendsPerPush = 64;
constexpr int kMaxStuckPushes = 10;

}  // namespace

NonReadingClient::NonReadingClient(const Address& server, ClientProtocol& protocol, std::uint32_t number,
                                   std::uint64_t max_bytes)
    : client_(server, protocol, number, kReceiveBufferBytes), max_bytes_(max_bytes) {}

bool NonReadingClient::push() {
  ++stuck_;
  std::size_t sent = 1;
  for (int i = 0; i < kSendsPerPush && sent > 0; ++i) {
    if (client_.sent_all() && client_.bytes_sent() < max_bytes_) {
      client_.ask(kRequestsPerPush);
    }
    sent = client_.send_some();
    stuck_ = sent > 0 ? 0 : stuck_;
  }
  return stuck_ < kMaxStuckPushes && client_.bytes_sent() < max_bytes_;
}

void NonReadingClient::push_until_blocked() {
  while (push()) {
    pollfd room{client_.fd(), POLLOUT, 0};
    ::poll(&room, 1, 5);
  }
}

}  // namespace fanin::conformance
