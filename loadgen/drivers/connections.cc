#include "loadgen/drivers/connections.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fanin::load {
Connections::Connections(const LoopContext& context, const SourceAddresses& sources, LinkTable& links, LoopClock& clock,
                         Outbox& outbox, IoDriver& io)
    : plan_(context.plan),
      share_(context.share),
      sources_(sources),
      workload_(context.workload),
      recorder_(context.recorder),
      faults_(context.faults),
      links_(links),
      clock_(clock),
      outbox_(outbox),
      io_(io),
      setups_(context, clock, outbox),
      queue_(plan_.connect_on_demand ? share_.connections : 0, share_.connections, links.size()),
      since_(share_.connections) {}

void Connections::open_queued() {
  while (connecting_ < plan_.connecting && opens_left()) {
    open(queue_.pop());
  }
}

void Connections::open(std::uint32_t index) {
  clock_.skip_interval();
  Link& link = links_[index];
  ++link.life;
  link.phase = Phase::kConnecting;
  ++connecting_;
  if (links_.is_idle(index)) {
    setups_.begin_connect(index, net::now());
  } else {
    since_[index] = net::now();
  }
  // The number in the whole run, so that threads do not all begin with the same address.
  const std::uint64_t number = std::uint64_t{share_.number(index)} + link.life;
  ConnectResult connecting =
      start_connect(plan_.target, sources_.of(number), net::Blocking::kNo, {}, plan_.receive_buffer_bytes);
  if (!connecting.fd) {
    connect_failed(index, connecting.error);
    return;
  }
  link.fd = connecting.fd.release();
  if (!io_.watch(index)) {
    connect_failed(index, errno);
  }
}

bool Connections::connect_completed(std::uint32_t index) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(links_[index].fd, SOL_SOCKET, SO_ERROR, &error, &size);
  clock_.read();
  if (error != 0) {
    connect_failed(index, error);
    return false;
  }
  return on_connected(index);
}

bool Connections::on_connected(std::uint32_t index) {
  links_[index].phase = setups_.needed() ? Phase::kSetup : Phase::kUp;
  recorder_.connected(clock_.now() - (links_.is_idle(index) ? setups_.since(index) : since_[index]));
  io_.start_receiving(index);
  if (!setups_.needed()) {
    return established(index);
  }
  if (!links_.is_idle(index)) {
    state(index) = {};
  }
  setups_.begin_setup(index);
  return false;
}

bool Connections::received(std::uint32_t index, std::string_view bytes) {
  if (links_[index].phase == Phase::kVerify) {
    received_reply(index, bytes);
  } else if (links_[index].phase == Phase::kSetup) {
    const auto progress = setups_.received(index, bytes);
    if (progress == protocols::ConnectionSetup::Progress::kDone) {
      clock_.read();
      links_[index].phase = Phase::kUp;
      return established(index);
    }
    if (progress == protocols::ConnectionSetup::Progress::kFailed) {
      setup_failed(index);
    }
  }
  return false;  // bytes that no request asked for are discarded
}

bool Connections::established(std::uint32_t index) {
  if (links_.is_idle(index)) {
    idle_established(index);
    return false;
  }
  Link& link = links_[index];
  if (setups_.needed()) {
    setups_.erase(index);
  }
  --connecting_;
  ++up_;
  state(index) = new_life(share_, workload_, index);
  if (link.was_up && clock_.traffic() && recorder_.counts(clock_.now())) {
    ++recorder_.connections.reconnects;
  }
  recorder_.connections.established += plan_.connect_on_demand && !link.was_up ? 1 : 0;
  link.was_up = true;
  return true;
}

void Connections::idle_established(std::uint32_t index) {
  ++recorder_.connections.idle_established;
  if (plan_.verify_idle) {
    links_[index].phase = Phase::kVerify;
    setups_.verify(index);
  } else {
    idles(index);
  }
}

void Connections::received_reply(std::uint32_t index, std::string_view bytes) {
  bool served = false;
  if (const auto error = setups_.received_reply(index, bytes, served)) {
    break_idle(index, *error);
  } else if (served) {
    ++recorder_.connections.idle_served;
    idles(index);
  }
}

// From now on only the Link is kept.
void Connections::idles(std::uint32_t index) {
  links_[index].phase = Phase::kUp;
  setups_.erase(index);
  --connecting_;
}

void Connections::connect_failed(std::uint32_t index, int error) {
  faults_.connect_failed(error);
  failed(index, classify_connect(error));
}

void Connections::setup_failed(std::uint32_t index) {
  faults_.connect_failed(kSetupError);
  links_.is_idle(index) ? break_idle(index, ErrorKind::kSetupFailed) : break_active(index, ErrorKind::kSetupFailed);
}

void Connections::failed(std::uint32_t index, ErrorKind kind) {
  if (links_[index].phase == Phase::kSetup) {
    setup_failed(index);
  } else if (links_.is_idle(index)) {
    break_idle(index, kind);
  } else if (kind == ErrorKind::kReset && may_be_closed(index)) {
    renew(index);
  } else {
    break_active(index, kind);
  }
}

void Connections::break_active(std::uint32_t index, ErrorKind kind) {
  Link& link = links_[index];
  const TimePoint at = clock_.now();
  const bool asked = workload_.in_flight(index) > 0;
  workload_.unusable(index, at, kind);
  if (!asked) {
    recorder_.connection_error(unasked(kind));
  }
  const bool broke = link.broke;
  link.broke = true;
  recorder_.connections.failed += broke ? 0 : 1;
  const bool served = link.connected() && state(index).completed > 0;
  if (served || link.served || !link.connected() || (clock_.traffic() && !broke)) {
    workload_.lost(index, at);  // not lost: one that the server closes again and again without a reply
  }
  // A server may close a connection that was silent for some time, also before its first request.
  const bool was_silent = !asked && link.connected() && link.served && at - since_[index] >= kShortestSilence;
  close(index);
  if ((served || was_silent) && !plan_.connect_on_demand) {
    queue_.push(index);
  } else {
    queue_.push_retry(index, at + kRetryDelay);
  }
}

// Idle connections are not reopened. One that breaks while it idles is lost; one that breaks before has failed.
void Connections::break_idle(std::uint32_t index, ErrorKind kind) {
  if (links_[index].phase == Phase::kUp) {
    ++recorder_.connections.idle_lost;
  } else {
    recorder_.connection_error(kind);
    recorder_.connections.idle_established -= links_[index].phase == Phase::kVerify ? 1 : 0;
  }
  close(index);
}

void Connections::recycle(std::uint32_t index, ErrorKind unanswered) {
  if (links_[index].phase != Phase::kUp) {
    return;
  }
  workload_.unusable(index, clock_.now(), unanswered);
  if (plan_.close == CloseKind::kServer) {
    links_[index].phase = Phase::kClosing;
    since_[index] = clock_.now();
  } else {
    renew(index);
  }
}

void Connections::renew(std::uint32_t index) {
  if (links_[index].phase == Phase::kClosing) {
    faults_.close_waits.closed(since_[index], clock_.now());
  }
  workload_.unusable(index, clock_.now(), ErrorKind::kClosedEarly);
  close(index);
  queue_.push(index);
}

// The server may close, with FIN or RST, after its last reply, possibly before the workload has noticed that it was the
// last.
bool Connections::may_be_closed(std::uint32_t index) const noexcept {
  return links_[index].phase == Phase::kClosing ||
         (plan_.close == CloseKind::kServer && links_[index].phase == Phase::kUp && workload_.in_flight(index) == 0 &&
          workload_.record(index).state.completed >= plan_.requests_per_connection);
}

void Connections::close(std::uint32_t index) noexcept {
  clock_.skip_interval();
  Link& link = links_[index];
  if (links_.is_idle(index)) {
    connecting_ -= setups_.erase(index) ? 1 : 0;
  } else {
    const bool under_way = link.phase == Phase::kConnecting || link.phase == Phase::kSetup;
    connecting_ -= under_way ? 1 : 0;
    up_ -= link.connected() && !under_way ? 1 : 0;
    if (link.phase == Phase::kSetup) {
      setups_.erase(index);
    }
    link.served |= link.connected() && state(index).completed > 0;
  }
  outbox_.forget(index);
  if (link.fd >= 0) {
    if (plan_.close == CloseKind::kRst) {
      net::set_reset_on_close(link.fd);
    }
    io_.detach(index);
    net::Descriptor(std::exchange(link.fd, -1)).reset();
  }
  link.phase = Phase::kDown;
  link.busy = false;
}

void Connections::time_out(std::uint32_t index) {
  const Phase phase = links_[index].phase;
  if ((phase != Phase::kConnecting && phase != Phase::kClosing) || since_[index] + plan_.timeout > clock_.now()) {
    return;
  }
  if (phase == Phase::kConnecting) {
    connect_failed(index, ETIMEDOUT);
  } else {
    faults_.close_waits.given_up(since_[index], clock_.now(), recorder_.window());
    break_active(index, ErrorKind::kNotClosed);
  }
}

void Connections::time_out_setups() {
  for (const std::uint32_t index : setups_.find_late()) {
    if (links_[index].phase == Phase::kConnecting) {
      connect_failed(index, ETIMEDOUT);
    } else {
      failed(index, ErrorKind::kTimeout);
    }
  }
}

void Connections::retry_due() {
  while (const auto index = queue_.pop_retry(clock_.now())) {
    if (plan_.connect_on_demand) {
      workload_.usable(*index, clock_.now());
    } else {
      queue_.push(*index);
    }
  }
}

}  // namespace fanin::load
