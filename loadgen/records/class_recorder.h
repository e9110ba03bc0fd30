#pragma once

#include <cstdint>
#include <vector>

#include "loadgen/records/error_kind.h"
#include "loadgen/records/histogram.h"
#include "protocols/request_mix.h"

namespace fanin::load {

// The outcomes of the requests of one class, within the window.
struct ClassRecord {
  std::uint64_t sent = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unanswered = 0;
  Histogram response;

  void merge(const ClassRecord& other) noexcept;
};

// Records the classes of a mix for one thread. It numbers the requests of every connection as the protocol does, over
// all lives; the numbers determine the classes. Replies come in the order of requests. Filled by that thread, read by
// others after it has ended.
class ClassRecorder {
 public:
  // `mix` must outlive this. `first` is the number of the thread's first connection in the whole run.
  ClassRecorder(const RequestMix& mix, std::uint32_t first, std::uint32_t connections);

  // `connection` counts from the thread's first one, `in_flight_before` from the oldest. `counts`: within the window.
  // Returns whether the request asks the server to close the connection.
  bool sent(std::uint32_t connection, std::uint32_t in_flight_before, bool counts) noexcept {
    const std::size_t index = pick_class(connection, in_flight_before);
    records_[index].sent += counts ? 1 : 0;
    return mix_.closes(index);
  }
  // The oldest request in flight has its reply.
  void completed(std::uint32_t connection, Nanoseconds latency, bool counts) noexcept;
  // The oldest request in flight failed, or will not be answered.
  void failed(std::uint32_t connection, ErrorKind kind, bool counts) noexcept;
  // `times` requests of the window were due and never sent. Their classes are drawn as if a connection had sent them.
  void never_sent(std::uint64_t times) noexcept;

  // Ended requests of a connection over all its lives, modulo 2^32.
  std::uint32_t ended(std::uint32_t connection) const noexcept { return ended_[connection]; }
  const std::vector<ClassRecord>& records() const noexcept { return records_; }

 private:
  std::size_t pick_class(std::uint32_t connection, std::uint32_t place) const noexcept {
    return mix_.pick_class(first_ + connection, ended_[connection] + place);
  }
  ClassRecord& record(std::uint32_t connection, std::uint32_t place) noexcept {
    return records_[pick_class(connection, place)];
  }

  const RequestMix& mix_;
  const std::uint32_t first_;
  std::vector<std::uint32_t> ended_;
  std::vector<ClassRecord> records_;
};

}  // namespace fanin::load
