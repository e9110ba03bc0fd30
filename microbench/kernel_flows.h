#pragma once

#include <semaphore.h>
#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "net/descriptor.h"

// Second flows that the operating system switches to: a thread or a process, on a CPU of its own or on the caller's.
// The two hand over to each other, so that one of them sleeps at any time. switch_to_and_back(n): control goes to the
// other flow and back n times, two switches each; arrivals() counts in the other flow. One thread uses the object.
// Constructors take the CPU of the other flow and throw std::system_error.
namespace fanin::microbench {

// Passed from one flow to another, which sleeps until it comes. A POSIX semaphore: a futex, without the spinning of
// std::binary_semaphore.
class Baton {
 public:
  enum class Between : int { kThreads, kProcesses };
  explicit Baton(Between between) noexcept;
  Baton(const Baton&) = delete;
  Baton& operator=(const Baton&) = delete;
  ~Baton() { ::sem_destroy(&semaphore_); }

  void give() noexcept { ::sem_post(&semaphore_); }
  void take() noexcept;

 private:
  ::sem_t semaphore_;
};

// What two flows that pass batons share.
struct BatonPair {
  explicit BatonPair(Baton::Between between) noexcept : there(between), back(between) {}

  // The other flow, until the end.
  void answer() noexcept;
  void switch_to_and_back(std::size_t round_trips) noexcept;
  // Makes answer() return.
  void end() noexcept;

  alignas(64) Baton there;
  alignas(64) Baton back;
  std::uint64_t arrivals = 0;
  bool ended = false;
};

class FutexThread {
 public:
  explicit FutexThread(int cpu);
  FutexThread(const FutexThread&) = delete;
  FutexThread& operator=(const FutexThread&) = delete;
  ~FutexThread();

  void switch_to_and_back(std::size_t round_trips) noexcept { batons_.switch_to_and_back(round_trips); }
  std::uint64_t arrivals() const noexcept { return batons_.arrivals; }

 private:
  BatonPair batons_{Baton::Between::kThreads};
  std::thread thread_;
};

class FutexProcess {
 public:
  explicit FutexProcess(int cpu);
  FutexProcess(const FutexProcess&) = delete;
  FutexProcess& operator=(const FutexProcess&) = delete;
  ~FutexProcess();

  void switch_to_and_back(std::size_t round_trips) noexcept { batons_->switch_to_and_back(round_trips); }
  std::uint64_t arrivals() const noexcept { return batons_->arrivals; }

 private:
  BatonPair* batons_;  // in memory that both processes share
  pid_t child_ = -1;
};

// A std::mutex with a std::condition_variable for each direction, as programs use them.
class ConditionThread {
 public:
  explicit ConditionThread(int cpu);
  ConditionThread(const ConditionThread&) = delete;
  ConditionThread& operator=(const ConditionThread&) = delete;
  ~ConditionThread();

  void switch_to_and_back(std::size_t round_trips);
  std::uint64_t arrivals() const noexcept { return arrivals_; }

 private:
  enum class Turn { kCaller, kOther, kEnded };
  void answer();
  void set_turn(Turn turn, std::condition_variable& waiter);

  std::mutex mutex_;
  std::condition_variable caller_;
  std::condition_variable other_;
  Turn turn_ = Turn::kCaller;
  std::uint64_t arrivals_ = 0;
  std::thread thread_;
};

// Two pipes: each switch is a byte that one flow writes and the other blocks for.
class PipePair {
 public:
  PipePair();

  // The other flow: answers each byte with the next number until the pipe there is closed.
  void answer() const noexcept;
  // Throws std::runtime_error if an answer is wrong or missing.
  void switch_to_and_back(std::size_t round_trips);
  std::uint64_t arrivals() const noexcept { return arrivals_; }  // answers that were right
  // Makes answer() return.
  void close_there() noexcept { there_write_.reset(); }
  // In a child process: else its own copy keeps the pipe open.
  void keep_other_ends() noexcept;

 private:
  net::Descriptor there_read_;
  net::Descriptor there_write_;
  net::Descriptor back_read_;
  net::Descriptor back_write_;
  std::uint64_t arrivals_ = 0;
};

class PipeThread {
 public:
  explicit PipeThread(int cpu);
  PipeThread(const PipeThread&) = delete;
  PipeThread& operator=(const PipeThread&) = delete;
  ~PipeThread();

  void switch_to_and_back(std::size_t round_trips) { pipes_.switch_to_and_back(round_trips); }
  std::uint64_t arrivals() const noexcept { return pipes_.arrivals(); }

 private:
  PipePair pipes_;
  std::thread thread_;
};

class PipeProcess {
 public:
  explicit PipeProcess(int cpu);
  PipeProcess(const PipeProcess&) = delete;
  PipeProcess& operator=(const PipeProcess&) = delete;
  ~PipeProcess();

  void switch_to_and_back(std::size_t round_trips) { pipes_.switch_to_and_back(round_trips); }
  std::uint64_t arrivals() const noexcept { return pipes_.arrivals(); }

 private:
  PipePair pipes_;
  pid_t child_ = -1;
};

}  // namespace fanin::microbench
