#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/drivers/load_thread.h"
#include "loadgen/records/usage.h"
#include "os/procfs.h"

namespace fanin::load {

using WallTime = std::chrono::system_clock::time_point;

struct SeriesPoint {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::optional<Nanoseconds> p50;  // nullopt: too few samples, or none finite
  std::optional<Nanoseconds> p99;
  std::optional<Nanoseconds> max;
};

// What ended the warm-up: its time, a steady throughput, the last connection's first reply, no further first replies,
// or the limit of the wait for them.
enum class WarmupEnd { kTime, kSteady, kServed, kStarved, kLimit };

// Time within the window that active connections were not usable.
struct Downtime {
  Nanoseconds down{0};         // summed over connections, for any reason
  Nanoseconds lost{0};         // of that, because they broke or could not be opened
  Nanoseconds unreachable{0};  // no connection was up, and some were lost
  bool at_end = false;         // unreachable when the window closed
};

// The measurements of a run, all threads merged. A value.
struct LoadResult {
  WallTime started_at{};
  std::optional<WallTime> opened_at;  // none: the window never opened
  Nanoseconds window{0};              // its true length
  Nanoseconds active{0};              // of it the time in which the target was driven: all, or its slices
  Nanoseconds warmup{0};              // its length, if the window opened
  WarmupEnd warmup_end = WarmupEnd::kTime;
  bool warmup_steady = false;             // the throughput, with --warmup auto
  std::uint64_t warmup_requests = 0;      // sent before the window, which count nowhere else
  std::uint64_t completed_outside = 0;    // of these, and replied to
  std::uint64_t unserved_at_opening = 0;  // connections that had come up and had no reply when the window opened
  // Connections in the accept queue before the traffic or after the window, the fewer; 0 without idle connections.
  std::uint64_t waiting_for_accept = 0;
  bool interrupted = false;
  bool gave_up = false;
  std::string unreachable;  // why no connection came up, which ended the run; empty: some did
  bool called_off = false;  // of several targets another one was unreachable, as `unreachable` says

  ConnectionCounts connections;
  Nanoseconds setup{0};                           // until every connection was up or had failed
  Nanoseconds closing{0};                         // of all of them, after the run
  std::optional<std::uint64_t> listen_overflows;  // of the target during the run; none: not known, or it is elsewhere
  std::uint64_t served = 0;
  std::uint64_t replies_min = 0;
  double replies_median = 0;
  std::uint64_t replies_max = 0;

  Downtime downtime;
  std::vector<Nanoseconds> silences;  // stretches of the window in which requests were in flight and no reply came
  Nanoseconds silence_at_end{0};      // the last of them, if it lasted to the end of the window and no reply ended it
  Nanoseconds unanswered_time{0};     // see Workload
  Nanoseconds unclosed_time{0};       // see CloseWaits

  std::uint64_t sent = 0;
  std::uint64_t completed = 0;
  std::uint64_t completed_in_window = 0;  // by the time of the reply, whenever the request was due
  std::uint64_t failed = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  ErrorCounts request_errors;     // of requests of the window: their sum is failed + unanswered
  ErrorCounts outside_errors;     // of requests before the window
  ErrorCounts connection_errors;  // of connections without a request, over the whole run

  std::optional<std::uint64_t> lines_of_others;  // of a chat: received by members, over the whole run

  std::optional<SeenMismatch> first_mismatch;  // of the whole run

  std::map<unsigned, std::uint64_t> statuses;  // replies to requests of the window, by HTTP status

  std::vector<ClassRecord> classes;  // of the plan's mix, in its order; they add up to the counts above

  Histogram response;
  Histogram service;
  Histogram connect;
  Histogram lateness;  // the next four: see Recorder; of all threads
  std::uint64_t late_by_preemptions = 0;
  Histogram queueing;
  Histogram gaps;
  std::optional<StampRecords> stamps;  // with --timestamps
  std::vector<SeriesPoint> series;

  std::vector<Slice> slices;  // of an interleaved target, ascending

  os::MachineLoad machine_before;                              // before the first connection
  os::MachineShares machine;                                   // over the window
  ProcessUsage generator;                                      // over the window
  std::optional<double> busiest_thread_utilisation;            // none: the window never opened
  double threads_utilisation = 0;                              // the sum over all threads
  std::optional<Nanoseconds> run_queue_wait = Nanoseconds(0);  // of all threads; none if it is unknown of one
  Nanoseconds busiest_run_queue_wait{0};                       // of the thread that waited most
  Nanoseconds spun{0};                     // of all threads: CPU time that is in `generator`, and not work
  BusyPollMeter::Preemptions preemptions;  // of all threads that spin
  std::optional<ServerUsage> server;       // with --server-pid, over the window
  Nanoseconds servers_cpu{};               // of the servers of all targets, as far as known, over the window

  // Share of sends later than the tolerance that would have met it without preemptions; 0 if no thread spins, nullopt
  // without sends.
  std::optional<double> late_by_preemptions_share() const noexcept;
  // Of the time that the active connections had in the window, of which each has all; none without a window.
  std::optional<double> share_of_connections(Nanoseconds time, const LoadPlan& plan) const noexcept;
  // Connections that had a reply before the window opened. None where there was no warm-up, or each request connects.
  std::optional<std::uint64_t> served_in_warmup(const LoadPlan& plan) const noexcept;
  // The generator's CPU time in the window without spinning, per reply within it. nullopt without replies.
  std::optional<double> generator_ns_per_request() const noexcept;
  // Whether any request of the whole run was completed.
  bool any_completed() const noexcept { return completed + completed_outside > 0; }
  // Replies of the whole run, those that showed that idle connections are served included.
  std::uint64_t completed_in_run() const noexcept { return completed + completed_outside + connections.idle_served; }
  // Requests that found no connection free when they were due.
  std::uint64_t queued() const noexcept { return queueing.count() + queueing.uncompleted(); }
  // By the time of the reply: a backlog at the end of the window, which the run still waits for, does not count. Of an
  // interleaved target by the time of sending, over the counted parts of its slices. 0 without a window.
  double requests_per_s() const noexcept;
};

// True length of the window: by the clock, or up to the last outcome where a number of requests ended it. Of a thread
// that has finished; that of a run is the longest of its threads.
Nanoseconds window_length(const Recorder& recorder);

// Adds up what the threads recorded, which must have ended.
LoadResult collect(const LoadPlan& plan, const std::vector<std::unique_ptr<LoadThread>>& threads);

}  // namespace fanin::load
