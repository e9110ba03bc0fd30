#include "loadgen/drivers/load_thread.h"

namespace fanin::load {
namespace {

constexpr std::size_t kStatusCodes = 1000;

WorkloadPlan workload_plan(const LoadPlan& plan, const Share& share) {
  WorkloadPlan workload{.connections = share.connections,
                        .pipeline = plan.pipeline,
                        .think_time = plan.think_time,
                        .requests_per_connection = plan.requests_per_connection,
                        .connect_on_demand = plan.connect_on_demand};
  if (plan.requests) {
    workload.requests = share.connections > 0 ? compute_share(*plan.requests, share.index, share.count) : 0;
  }
  return workload;
}

std::optional<Schedule> make_schedule(const LoadPlan& plan, const Share& share) {
  if (!plan.rate_per_s || share.connections == 0) {
    return std::nullopt;
  }
  return Schedule({.kind = plan.arrival,
                   .rate_per_s = *plan.rate_per_s,
                   .shares = share.count,
                   .seed = plan.seed,
                   .burst_size = plan.burst_size,
                   .ramp = plan.ramp,
                   .trace = plan.trace},
                  share.index);
}

}  // namespace

std::optional<Window> Coordinator::wait_for_start() {
  std::unique_lock lock(mutex_);
  ++ready_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return decided_; });
  return window_;
}

void Coordinator::wait_for_release() {
  std::unique_lock lock(mutex_);
  ++done_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return released_; });
}

bool Coordinator::only_background_left() const {
  const std::lock_guard lock(mutex_);
  return done_ + background_ >= threads_;
}

void Coordinator::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) {
    error_ = std::move(error);
  }
  changed_.notify_all();
}

bool Coordinator::wait_until(TimePoint until, const unsigned& count) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [&] { return count == threads_ || error_; });
  if (error_) {
    std::rethrow_exception(error_);
  }
  return count == threads_;
}

bool Coordinator::all_ready(TimePoint until) { return wait_until(until, ready_); }
bool Coordinator::all_done(TimePoint until) { return wait_until(until, done_); }

void Coordinator::start(const Window& window) {
  const std::lock_guard lock(mutex_);
  window_ = window;
  open_at(window.open);
  decided_ = true;
  changed_.notify_all();
}

void Coordinator::call_off() {
  const std::lock_guard lock(mutex_);
  interrupt();
  decided_ = true;
  released_ = true;
  changed_.notify_all();
}

void Coordinator::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

LoadThread::LoadThread(const LoadPlan& plan, const Share& share)
    : plan_(plan),
      share_(share),
      client_(plan.make_client()),
      slices_(plan.slices ? std::optional<Slices>(*plan.slices) : std::nullopt),
      recorder_(plan.rate_per_s.has_value() || plan.connect_on_demand,
                plan.rate_per_s ? lateness_tolerance(plan) : Nanoseconds::max()),
      classes_(plan.mix
                   ? std::optional<ClassRecorder>(std::in_place, *plan.mix, share.first_connection, share.connections)
                   : std::nullopt),
      workload_(workload_plan(plan, share), make_schedule(plan, share), recorder_, slices_ ? &*slices_ : nullptr,
                classes_ ? &*classes_ : nullptr),
      statuses_(plan.has_statuses ? kStatusCodes : 0) {}

void LoadThread::start(const Window& window) {
  if (slices_) {
    if (!plan_.server.roots.empty() && share_.index == 0) {
      server_clock_.emplace(plan_.server.roots);
    }
    slices_->begin(window, server_clock_ ? &*server_clock_ : nullptr);
  }
  workload_.start(window);
}

void LoadThread::finish(TimePoint at) {
  meter_.stop();
  look_for_silence(at);  // the last reply may have come since the last look
  silence_.finish();
  workload_.abandon(at);
  recorder_.finish();
  if (slices_) {
    slices_->finish();
  }
}

protocols::ReplyOutcome LoadThread::take_rest(std::uint32_t connection, protocols::ClientState& state,
                                              std::string_view received, protocols::ReplyOutcome outcome,
                                              TimePoint at) {
  for (;;) {
    if (outcome.completed > 0) {
      account(connection, outcome.completed, outcome.status, at);
    }
    if (outcome.refused != protocols::kNotRefused) {
      refuse(connection, state, received, outcome, at);
    }
    if (outcome.unread == 0 || outcome.mismatch || outcome.closes) {
      return outcome;
    }
    received = received.substr(received.size() - outcome.unread);
    outcome = client_->consume(state, received);
  }
}

// Right replies.
void LoadThread::account(std::uint32_t connection, std::uint32_t completed, std::uint32_t status,
                         TimePoint at) noexcept {
  const std::uint32_t before = workload_.replies(connection);
  workload_.replied(connection, completed, at);
  if (status < statuses_.size()) {
    statuses_[status] += workload_.replies(connection) - before;
  }
}

protocols::ReplyOutcome LoadThread::take_end(std::uint32_t connection, protocols::ClientState& state, TimePoint at) {
  const protocols::ReplyOutcome outcome = client_->end_of_stream(state);
  if (outcome.completed > 0) {
    account(connection, outcome.completed, outcome.status, at);
  }
  if (outcome.refused != protocols::kNotRefused) {
    refuse(connection, state, {}, outcome, at);
  }
  return outcome;
}

// A reply that refuses its request.
void LoadThread::refuse(std::uint32_t connection, const protocols::ClientState& state, std::string_view received,
                        const protocols::ReplyOutcome& outcome, TimePoint at) {
  if (outcome.refused == protocols::kByBody) {
    faults_.keep_mismatch(*client_, state, received, outcome, at);
  }
  const std::uint32_t before = workload_.replies(connection);
  workload_.refused(connection, outcome.refused == protocols::kByBody ? ErrorKind::kMismatch : ErrorKind::kHttpStatus,
                    at);
  if (outcome.status < statuses_.size()) {
    statuses_[outcome.status] += workload_.replies(connection) - before;
  }
}

}  // namespace fanin::load
