#include "servers/conformance/flooder.h"

#include <poll.h>

namespace fanin::conformance {
namespace {

constexpr int kReceiveBufferBytes = 4096;
constexpr std::size_t kRequestsPerTurn = 4096;
constexpr int kSendsPerTurn = 64;
constexpr int kStuckTurns = 10;

}  // namespace

Flooder::Flooder(const Address& server, ClientProtocol& protocol, std::uint32_t number, std::uint64_t most_bytes)
    : client_(server, protocol, number, kReceiveBufferBytes), most_bytes_(most_bytes) {}

bool Flooder::push() {
  ++stuck_;
  std::size_t sent = 1;
  for (int i = 0; i < kSendsPerTurn && sent > 0; ++i) {
    if (client_.sent_all() && client_.bytes_sent() < most_bytes_) {
      client_.ask(kRequestsPerTurn);
    }
    sent = client_.send_some();
    stuck_ = sent > 0 ? 0 : stuck_;
  }
  return stuck_ < kStuckTurns && client_.bytes_sent() < most_bytes_;
}

void Flooder::push_to_the_end() {
  while (push()) {
    pollfd room{client_.fd(), POLLOUT, 0};
    ::poll(&room, 1, 5);
  }
}

}  // namespace fanin::conformance
