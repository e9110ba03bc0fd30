#include "microbench/kernel_flows.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <stdexcept>

#include "microbench/requirements.h"

namespace fanin::microbench {

namespace {

// Runs `body` in a child on `cpu`. The child ends with its parent.
template <typename Body>
pid_t fork_on(int cpu, Body body) {
  const CpuBinding binding(cpu);  // the child inherits it
  const pid_t child = net::check(::fork(), "fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(0);  // not exit(): the parent flushes its buffers and destroys its objects
  }
  return child;
}

void reap(pid_t child) noexcept {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

template <typename Body>
std::thread start_thread_on(int cpu, Body body) {
  const CpuBinding binding(cpu);
  return std::thread(body);
}

}  // namespace

Baton::Baton(Between between) noexcept { ::sem_init(&semaphore_, between == Between::kProcesses ? 1 : 0, 0); }

void Baton::take() noexcept {
  while (::sem_wait(&semaphore_) < 0) {  // EINTR
  }
}

void BatonPair::answer() noexcept {
  for (there.take(); !ended; there.take()) {
    ++arrivals;
    back.give();
  }
}

void BatonPair::switch_to_and_back(std::size_t round_trips) noexcept {
  for (; round_trips > 0; --round_trips) {
    there.give();
    back.take();
  }
}

void BatonPair::end() noexcept {
  ended = true;
  there.give();
}

FutexThread::FutexThread(int cpu) : thread_(start_thread_on(cpu, [this] { batons_.answer(); })) {}

FutexThread::~FutexThread() {
  batons_.end();
  thread_.join();
}

FutexProcess::FutexProcess(int cpu) {
  void* memory = ::mmap(nullptr, sizeof(BatonPair), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    net::throw_errno("cannot map shared memory");
  }
  batons_ = new (memory) BatonPair(Baton::Between::kProcesses);
  try {
    child_ = fork_on(cpu, [this] { batons_->answer(); });
  } catch (...) {
    ::munmap(memory, sizeof(BatonPair));
    throw;
  }
}

FutexProcess::~FutexProcess() {
  batons_->end();
  reap(child_);
  batons_->~BatonPair();
  ::munmap(batons_, sizeof(BatonPair));
}

ConditionThread::ConditionThread(int cpu) : thread_(start_thread_on(cpu, [this] { answer(); })) {}

ConditionThread::~ConditionThread() {
  set_turn(Turn::kEnded, other_);
  thread_.join();
}

// Notifies without the lock: the other thread would wake up only to wait for it.
void ConditionThread::set_turn(Turn turn, std::condition_variable& waiter) {
  {
    const std::lock_guard lock(mutex_);
    turn_ = turn;
  }
  waiter.notify_one();
}

void ConditionThread::switch_to_and_back(std::size_t round_trips) {
  for (; round_trips > 0; --round_trips) {
    set_turn(Turn::kOther, other_);
    std::unique_lock lock(mutex_);
    caller_.wait(lock, [this] { return turn_ == Turn::kCaller; });
  }
}

void ConditionThread::answer() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      other_.wait(lock, [this] { return turn_ != Turn::kCaller; });
      if (turn_ == Turn::kEnded) {
        return;
      }
      ++arrivals_;
    }
    set_turn(Turn::kCaller, caller_);
  }
}

PipePair::PipePair() {
  int ends[2];
  net::check(::pipe2(ends, O_CLOEXEC), "pipe2");
  there_read_.reset(ends[0]);
  there_write_.reset(ends[1]);
  net::check(::pipe2(ends, O_CLOEXEC), "pipe2");
  back_read_.reset(ends[0]);
  back_write_.reset(ends[1]);
}

void PipePair::answer() const noexcept {
  unsigned char byte = 0;
  while (::read(there_read_.get(), &byte, 1) == 1) {
    ++byte;
    if (::write(back_write_.get(), &byte, 1) != 1) {
      return;
    }
  }
}

void PipePair::switch_to_and_back(std::size_t round_trips) {
  for (; round_trips > 0; --round_trips) {
    const auto sent = static_cast<unsigned char>(arrivals_);
    unsigned char byte = sent;
    net::check(::write(there_write_.get(), &byte, 1), "write");
    if (::read(back_read_.get(), &byte, 1) != 1 || byte != static_cast<unsigned char>(sent + 1)) {
      throw std::runtime_error("the other end of the pipe does not answer with the next number");
    }
    ++arrivals_;
  }
}

void PipePair::keep_other_ends() noexcept {
  there_write_.reset();
  back_read_.reset();
}

PipeThread::PipeThread(int cpu) : thread_(start_thread_on(cpu, [this] { pipes_.answer(); })) {}

PipeThread::~PipeThread() {
  pipes_.close_there();
  thread_.join();
}

PipeProcess::PipeProcess(int cpu) {
  child_ = fork_on(cpu, [this] {
    pipes_.keep_other_ends();
    pipes_.answer();
  });
}

PipeProcess::~PipeProcess() {
  pipes_.close_there();
  reap(child_);
}

}  // namespace fanin::microbench
