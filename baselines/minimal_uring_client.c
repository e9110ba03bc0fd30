/* The smallest io_uring echo client: the baseline for fanin-load's io-uring driver. One thread, single
 * issuer, deferred task run, registered sockets, one multishot receive per connection into a ring of provided buffers,
 * sends handed over 64 at a time that say nothing when they succeed: 64 bytes each way. It counts replies, reads no
 * clock and checks no byte. Nothing cheaper was found: fewer at a time, write instead of send, registered buffers,
 * sends by system call and waiting for more than one reply cost as much or more. A timer ends it.
 * With `record` it does the least that makes a latency: every request differs and every byte of its reply is checked,
 * the clock is read once for each lot of replies, and a log-linear histogram takes the time since the request. Prints
 * one line of JSON: the requests that were answered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "baselines/usage.h"

enum { kSize = 64, kEntries = 128, kBuffers = 1024, kBufferSize = 2048, kBatch = 64 };

static const uint64_t kSend = UINT64_MAX;
static volatile sig_atomic_t over;
static struct io_uring ring;
static struct io_uring_buf_ring* buffers;
static char* memory;
static char requests[kBatch][kSize]; /* those of a lot, which are handed over together */
static unsigned next_request;

static int recording;
static struct {
  int64_t since;
  unsigned sequence;
} * states; /* by connection */
static struct {
  uint64_t counts[36 * 128], count, sum, least, most; /* 1/128 wide, as fanin-load's */
} latencies = {.least = UINT64_MAX};

static void on_alarm(int number) {
  (void)number;
  over = 1;
}

static void fail(const char* what) {
  perror(what);
  exit(2);
}

static int connect_to(int port) {
  const int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address) < 0) {
    fail("minimal-uring-client: connect");
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static void set_timer(double seconds) {
  struct itimerval timer = {.it_value = {.tv_sec = (long)seconds, .tv_usec = (long)((seconds - (long)seconds) * 1e6)}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void set_up_ring(int connections) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
      .cq_entries = kEntries + 2 * (unsigned)connections};
  if (io_uring_queue_init_params(kEntries, &ring, &params) < 0) {
    fail("minimal-uring-client: io_uring");
  }
  memory = malloc((size_t)kBuffers * kBufferSize);
  buffers =
      mmap(NULL, kBuffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)buffers, .ring_entries = kBuffers};
  if (memory == NULL || buffers == MAP_FAILED || io_uring_register_buf_ring(&ring, &registration, 0) < 0) {
    fail("minimal-uring-client: buffers");
  }
  for (int i = 0; i < kBuffers; ++i) {
    io_uring_buf_ring_add(buffers, memory + (size_t)i * kBufferSize, kBufferSize, (unsigned short)i,
                          io_uring_buf_ring_mask(kBuffers), i);
  }
  io_uring_buf_ring_advance(buffers, kBuffers);
}

static struct io_uring_sqe* next_sqe(void) {
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  if (!sqe) {
    io_uring_submit(&ring);
    sqe = io_uring_get_sqe(&ring);
  }
  return sqe;
}

static void receive(int connection) {
  struct io_uring_sqe* sqe = next_sqe();
  io_uring_prep_recv_multishot(sqe, connection, NULL, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
  sqe->user_data = (uint64_t)connection;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static uint64_t stamp(int connection) { return (uint64_t)connection << 32 | states[connection].sequence; }

static void record(int connection, const char* reply, int64_t at) {
  const uint64_t expected = stamp(connection);
  if (memcmp(reply, &expected, sizeof expected) != 0 ||
      memcmp(reply + sizeof expected, requests[0] + sizeof expected, kSize - sizeof expected) != 0) {
    fprintf(stderr, "minimal-uring-client: another reply\n");
    exit(2);
  }
  const uint64_t latency = (uint64_t)(at - states[connection].since);
  const int shift = 56 - __builtin_clzll(latency | 255);
  ++latencies.counts[(shift << 7) + (int)(latency >> shift)];
  ++latencies.count;
  latencies.sum += latency;
  latencies.least = latency < latencies.least ? latency : latencies.least;
  latencies.most = latency > latencies.most ? latency : latencies.most;
}

static void send_request(int connection, int64_t at) {
  struct io_uring_sqe* sqe = next_sqe();
  char* request = requests[0];
  if (recording) {
    request = requests[next_request++ % kBatch];
    states[connection].since = at;
    ++states[connection].sequence;
    const uint64_t own = stamp(connection);
    memcpy(request, &own, sizeof own);
  }
  io_uring_prep_send(sqe, connection, request, kSize, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
  sqe->user_data = kSend;
}

/* Answers up to kBatch replies that are there. Returns how many. */
static int take_replies(void) {
  struct io_uring_cqe* cqe;
  unsigned head;
  int taken = 0;
  const int64_t at = recording ? now() : 0;
  io_uring_for_each_cqe(&ring, head, cqe) {
    if (cqe->user_data == kSend || cqe->res != kSize || (cqe->flags & IORING_CQE_F_MORE) == 0) {
      fprintf(stderr, "minimal-uring-client: exchange: %d\n", cqe->res);
      exit(2);
    }
    const unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    char* reply = memory + (size_t)buffer * kBufferSize;
    const int connection = (int)cqe->user_data;
    if (recording) {
      record(connection, reply, at);
    }
    io_uring_buf_ring_add(buffers, reply, kBufferSize, (unsigned short)buffer, io_uring_buf_ring_mask(kBuffers), taken);
    send_request(connection, at);
    if (++taken == kBatch) {
      break;
    }
  }
  io_uring_buf_ring_cq_advance(&ring, buffers, taken);
  return taken;
}

int main(int argc, char** argv) {
  check_usage(
      argc, argv, 3,
      "minimal-uring-client PORT CONNECTIONS SECONDS [record]\n\n"
      "Sends 64-byte requests to an echo server on 127.0.0.1 in a closed loop and prints the number of replies:\n"
      "one thread, io_uring. With `record` it also checks every byte and keeps a histogram of latencies. The\n"
      "baseline for `fanin-load --driver io-uring`.\n");
  const int connections = atoi(argv[2]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  recording = argc > 4 && strcmp(argv[4], "record") == 0;
  states = calloc((size_t)connections, sizeof *states);
  memset(requests, 'x', sizeof requests);
  set_up_ring(connections);
  int* sockets = calloc((size_t)connections, sizeof *sockets);
  for (int i = 0; i < connections; ++i) {
    sockets[i] = connect_to(atoi(argv[1]));
  }
  if (io_uring_register_files(&ring, sockets, (unsigned)connections) < 0) {
    fail("minimal-uring-client: register");
  }
  for (int i = 0; i < connections; ++i) {
    receive(i);
    send_request(i, recording ? now() : 0);
    if (i % kBatch == kBatch - 1) {
      io_uring_submit(&ring); /* before the places of these requests are taken by others */
    }
  }
  long long answered = 0;
  set_timer(atof(argv[3]));
  while (!over) {
    io_uring_submit_and_wait(&ring, 1);
    answered += take_replies();
  }
  if (recording && latencies.count != (uint64_t)answered) {
    return 1; /* and so that no compiler leaves out what nothing else reads */
  }
  printf("{\"requests\":%lld}\n", answered);
  return 0;
}
