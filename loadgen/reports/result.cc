#include "loadgen/reports/result.h"

#include <algorithm>

#include "loadgen/records/recorder.h"

namespace fanin::load {
namespace {

void add_counts(LoadResult& result, const Recorder& recorder) {
  result.connections.established += recorder.connections.established;
  result.connections.failed += recorder.connections.failed;
  result.connections.reconnects += recorder.connections.reconnects;
  result.connections.idle_established += recorder.connections.idle_established;
  result.connections.idle_served += recorder.connections.idle_served;
  result.connections.idle_lost += recorder.connections.idle_lost;
  result.connections.aborts_made += recorder.connections.aborts_made;
  result.connections.aborts_failed += recorder.connections.aborts_failed;
  result.sent += recorder.sent_count();
  result.completed += recorder.completed_count();
  result.warmup_requests += recorder.outside_count();
  result.completed_outside += recorder.all_completed() - recorder.completed_count();
  result.completed_in_window += recorder.completed_in_window();
  result.failed += recorder.failed_count();
  result.unanswered += recorder.unanswered_count();
  result.bytes_sent += recorder.bytes_sent();
  result.bytes_received += recorder.bytes_received();
  result.request_errors.merge(recorder.request_errors());
  result.outside_errors.merge(recorder.outside_errors());
  result.connection_errors.merge(recorder.connection_errors());
  result.response.merge(recorder.response());
  result.service.merge(recorder.service());
  result.connect.merge(recorder.connect());
  result.lateness.merge(recorder.lateness());
  result.late_by_preemptions += recorder.late_by_preemptions();
  result.queueing.merge(recorder.queueing());
  result.gaps.merge(recorder.gaps());
}

void add_classes(LoadResult& result, const ClassRecorder& classes) {
  result.classes.resize(classes.records().size());
  for (std::size_t i = 0; i < result.classes.size(); ++i) {
    result.classes[i].merge(classes.records()[i]);
  }
}

void add_usage(LoadResult& result, const UsageMeter& usage, const BusyPollMeter& spin, Nanoseconds window) {
  result.spun += spin.spun();
  result.preemptions.count += spin.preemptions().count;
  result.preemptions.total += spin.preemptions().total;
  result.preemptions.longest = std::max(result.preemptions.longest, spin.preemptions().longest);
  const std::optional<Nanoseconds> waited = usage.run_queue_wait();
  result.run_queue_wait =
      result.run_queue_wait && waited ? std::make_optional(*result.run_queue_wait + *waited) : std::nullopt;
  result.busiest_run_queue_wait = std::max(result.busiest_run_queue_wait, waited.value_or(Nanoseconds(0)));
  const std::optional<double> used = usage.utilisation(window, spin.spun());
  result.threads_utilisation += used.value_or(0);
  result.busiest_thread_utilisation = std::max(result.busiest_thread_utilisation, used);  // nothing is less than any
}

// Of several threads: the time at which the first closed its window, and the last had opened it.
TimeSpans common_window(const std::vector<std::unique_ptr<LoadThread>>& threads) {
  TimeSpan span{TimePoint::min(), TimePoint::max()};
  for (const auto& thread : threads) {
    const Window& window = thread->recorder().window();
    span.begin = std::max(span.begin, window.open);
    span.end = std::min(span.end, window.close);
  }
  return {span};
}

// The target was unreachable while it was so to all threads. A run by number of requests has no end of its own.
void add_downtime(LoadResult& result, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  TimeSpans outages = common_window(threads);
  const TimePoint close = outages.front().end;
  for (const auto& thread : threads) {
    if (thread->share().connections > 0) {
      outages = intersection(outages, thread->workload().downtime().outages());
      result.downtime.down += thread->workload().downtime().down_time();
      result.downtime.lost += thread->workload().downtime().lost_time();
    }
  }
  result.downtime.unreachable = total_length(outages);
  result.downtime.at_end = !outages.empty() && outages.back().end == close;
}

// No thread had a reply, and one at least waited for some.
void add_silences(LoadResult& result, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  TimeSpans silent = common_window(threads);
  TimeSpans waiting;
  const TimePoint close = silent.front().end;
  bool replied_later = false;
  for (const auto& thread : threads) {
    if (thread->share().connections > 0) {
      silent = intersection(silent, thread->silence().silent());
      waiting = join(waiting, thread->silence().waiting());
      replied_later = replied_later || thread->silence().last_reply() >= close;
    }
  }
  for (const TimeSpan& span : intersection(silent, waiting)) {
    if (span.end - span.begin >= SilenceWatch::kShortest) {
      result.silences.push_back(span.end - span.begin);
      result.silence_at_end = span.end == close && !replied_later ? span.end - span.begin : Nanoseconds(0);
    }
  }
}

void add_statuses(LoadResult& result, std::span<const std::uint64_t> statuses) {
  for (unsigned status = 0; status < statuses.size(); ++status) {
    if (statuses[status] > 0) {
      result.statuses[status] += statuses[status];
    }
  }
}

void add_fairness(LoadResult& result, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  std::vector<std::uint32_t> replies;
  for (const auto& thread : threads) {
    for (std::uint32_t i = 0; i < thread->share().connections; ++i) {
      replies.push_back(thread->workload().replies(i));
    }
  }
  if (replies.empty()) {
    return;
  }
  std::sort(replies.begin(), replies.end());
  const auto first_served = std::upper_bound(replies.begin(), replies.end(), 0U);
  result.served = static_cast<std::uint64_t>(replies.end() - first_served);
  result.replies_min = replies.front();
  result.replies_max = replies.back();
  const std::size_t middle = replies.size() / 2;
  result.replies_median = replies.size() % 2 == 1 ? replies[middle] : (replies[middle - 1] + replies[middle]) / 2.0;
}

// One of the threads reads the server's clock. Only slices that every thread has counted: a thread that saw late that
// the window was open lacks the first.
void merge_slices(std::vector<Slice>& sum, const std::vector<Slice>& added) {
  std::vector<Slice> both;
  for (auto first = sum.cbegin(), second = added.cbegin(); first != sum.cend() && second != added.cend();) {
    if (first->number == second->number) {
      Slice& slice = both.emplace_back(*first++);
      slice.completed += second->completed;
      slice.answered += second->answered;
      slice.server_cpu = slice.server_cpu ? slice.server_cpu : second->server_cpu;
      ++second;
    } else {
      if (first->number < second->number) {
        ++first;
      } else {
        ++second;
      }
    }
  }
  sum = std::move(both);
}

void add_slices(LoadResult& result, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  for (const auto& thread : threads) {
    if (const Slices* slices = thread->slices(); slices != nullptr && thread == threads.front()) {
      result.slices = slices->all();
    } else if (slices != nullptr) {
      merge_slices(result.slices, slices->all());
    }
  }
  share_server_cpu(result.slices);
}

std::optional<Nanoseconds> finite(const PercentileValue& value) {
  return value.kind == PercentileValue::Kind::kFinite ? std::optional(value.value) : std::nullopt;
}

SeriesPoint series_point(const SecondOfAll& second) {
  return {.completed = second.completed,
          .failed = second.failed,
          .p50 = finite(second.responses.percentile(5000)),
          .p99 = finite(second.responses.percentile(9900)),
          .max = second.completed > 0 ? std::optional(second.responses.max()) : std::nullopt};
}

void add_series(LoadResult& result, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  std::vector<const Recorder*> recorders;
  recorders.reserve(threads.size());
  for (const auto& thread : threads) {
    recorders.push_back(&thread->recorder());
  }
  SeriesReader reader(std::move(recorders));
  while (const auto second = reader.next()) {
    result.series.push_back(series_point(*second));
  }
}

}  // namespace

std::optional<double> LoadResult::generator_ns_per_request() const noexcept {
  if (completed_in_window == 0) {
    return std::nullopt;
  }
  const Nanoseconds work = std::max(generator.cpu_user + generator.cpu_system - spun, Nanoseconds(0));
  return static_cast<double>(work.count()) / static_cast<double>(completed_in_window);
}

std::optional<double> LoadResult::share_of_connections(Nanoseconds time, const LoadPlan& plan) const noexcept {
  const double whole = static_cast<double>(window.count()) * plan.connections;
  return whole > 0 ? std::optional(static_cast<double>(time.count()) / whole) : std::nullopt;
}

std::optional<std::uint64_t> LoadResult::served_in_warmup(const LoadPlan& plan) const noexcept {
  if (!opened_at || plan.warmup == Nanoseconds(0) || plan.connect_on_demand) {
    return std::nullopt;
  }
  return connections.established - std::min(connections.established, unserved_at_opening);
}

std::optional<double> LoadResult::late_by_preemptions_share() const noexcept {
  const std::uint64_t sends = lateness.count() + lateness.uncompleted();
  return sends > 0 ? std::optional(static_cast<double>(late_by_preemptions) / static_cast<double>(sends))
                   : std::nullopt;
}

double LoadResult::requests_per_s() const noexcept {
  const auto replies = static_cast<double>(slices.empty() ? completed_in_window : sum_completed(slices));
  const Nanoseconds time = slices.empty() ? window : sum_counted(slices);
  return time > Nanoseconds(0) ? replies * 1e9 / static_cast<double>(time.count()) : 0.0;
}

Nanoseconds window_length(const Recorder& recorder) {
  const Window& window = recorder.window();
  const TimePoint end = window.close == TimePoint::max() ? recorder.last_outcome() : window.close;
  return end - window.open;
}

LoadResult collect(const LoadPlan& plan, const std::vector<std::unique_ptr<LoadThread>>& threads) {
  LoadResult result;
  for (const auto& thread : threads) {
    add_counts(result, thread->recorder());
    result.window = std::max(result.window, window_length(thread->recorder()));
    add_statuses(result, thread->statuses());
    add_usage(result, thread->usage(), thread->spin(), window_length(thread->recorder()));
    if (thread->classes() != nullptr) {
      add_classes(result, *thread->classes());
    }
    if (const StampRecords* stamps = thread->stamps(); stamps != nullptr) {
      result.stamps = result.stamps.value_or(StampRecords{});
      result.stamps->merge(*stamps);
    }
    if (const auto& seen = thread->faults().first_mismatch();
        seen && (!result.first_mismatch || seen->at < result.first_mismatch->at)) {
      result.first_mismatch = seen;
    }
    if (const auto lines = thread->lines_of_others()) {
      result.lines_of_others = result.lines_of_others.value_or(0) + *lines;
    }
    result.gave_up = result.gave_up || thread->gave_up();
    result.unclosed_time += thread->faults().close_waits.in_vain();
    result.unanswered_time += thread->workload().unanswered_time();
  }
  add_slices(result, threads);
  result.active = result.window;
  if (plan.slices) {
    result.active = sum_counted(result.slices) + 2 * plan.slices->cut * static_cast<std::int64_t>(result.slices.size());
  }
  add_fairness(result, threads);
  add_downtime(result, threads);
  add_silences(result, threads);
  if (result.window > Nanoseconds(0)) {
    add_series(result, threads);
  }
  if (!plan.rate_per_s) {
    result.lateness.clear();  // a closed loop has no schedule to be late for
  }
  return result;
}

}  // namespace fanin::load
