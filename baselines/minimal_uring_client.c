/* The smallest io_uring echo client: the baseline for fanin-load's io-uring driver. One thread, single issuer, deferred
 * task run, registered sockets, one multishot receive per connection into a ring of provided buffers, sends in batches
 * of 64 without a completion on success. It counts replies; it reads no clock and checks no byte. These variants cost
 * as much or more: smaller batches, write instead of send, registered buffers, send(2), waiting for more than one
 * reply. With `record` it measures latencies as cheaply as possible: every request differs, every byte of its reply is
 * checked, the clock is read once per batch of replies, and a log-linear histogram takes the time since the request. */
#define _GNU_SOURCE
#include <liburing.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "minimal-uring-client: the smallest io_uring echo client, a baseline for fanin-load's io-uring driver\n\n"
    "usage: minimal-uring-client PORT CONNECTIONS SECONDS [record]\n\n"
    "  PORT         of the echo server on 127.0.0.1\n"
    "  CONNECTIONS  with one request of 64 bytes in flight on each\n"
    "  SECONDS      of load, such as 2 or 0.5\n"
    "  record       check every byte and record every latency\n\n"
    "Prints the requests that were answered: {\"requests\":123456}\n\n"
    "example: minimal-uring-server 7000 & minimal-uring-client 7000 50 2\n";

enum { kSize = 64, kEntries = 128, kBuffers = 1024, kBufferSize = 2048, kBatch = 64 };

static const uint64_t kSend = UINT64_MAX;
static struct io_uring ring;
static struct io_uring_buf_ring* buffers;
static char* memory;
static char requests[kBatch][kSize]; /* of a batch, which is submitted together */
static unsigned next_request;

static int recording;
static struct {
  int64_t since;
  unsigned sequence;
} * states; /* by connection */
static struct {
  uint64_t counts[36 * 128], count, sum, min, max; /* 1/128 wide, as fanin-load's */
} latencies = {.min = UINT64_MAX};

static void set_up_ring(int connections) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
      .cq_entries = kEntries + 2 * (unsigned)connections};
  if (io_uring_queue_init_params(kEntries, &ring, &params) < 0) {
    fail("io_uring");
  }
  memory = malloc((size_t)kBuffers * kBufferSize);
  buffers =
      mmap(NULL, kBuffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)buffers, .ring_entries = kBuffers};
  if (memory == NULL || buffers == MAP_FAILED || io_uring_register_buf_ring(&ring, &registration, 0) < 0) {
    fail("buffers");
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
    fprintf(stderr, "minimal-uring-client: a reply does not match its request\n");
    exit(2);
  }
  const uint64_t latency = (uint64_t)(at - states[connection].since);
  const int shift = 56 - __builtin_clzll(latency | 255);
  ++latencies.counts[(shift << 7) + (int)(latency >> shift)];
  ++latencies.count;
  latencies.sum += latency;
  latencies.min = latency < latencies.min ? latency : latencies.min;
  latencies.max = latency > latencies.max ? latency : latencies.max;
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

/* Sends the next request for up to kBatch replies. Returns the number of replies. */
static int handle_replies(void) {
  struct io_uring_cqe* cqe;
  unsigned head;
  int handled = 0;
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
    io_uring_buf_ring_add(buffers, reply, kBufferSize, (unsigned short)buffer, io_uring_buf_ring_mask(kBuffers),
                          handled);
    send_request(connection, at);
    if (++handled == kBatch) {
      break;
    }
  }
  io_uring_buf_ring_cq_advance(&ring, buffers, handled);
  return handled;
}

int main(int argc, char** argv) {
  check_arguments(argc, argv, 3, 4, kHelp);
  const int port = parse_count("PORT", argv[1], 1, 65535);
  const int connections = parse_count("CONNECTIONS", argv[2], 1, 10000000);
  const double seconds = parse_number("SECONDS", argv[3], 0.001, 86400);
  raise_descriptor_limit();
  recording = parse_word(argv[4], "record", NULL);
  states = calloc((size_t)connections, sizeof *states);
  memset(requests, 'x', sizeof requests);
  set_up_ring(connections);
  int* sockets = calloc((size_t)connections, sizeof *sockets);
  for (int i = 0; i < connections; ++i) {
    sockets[i] = connect_to(port);
  }
  if (io_uring_register_files(&ring, sockets, (unsigned)connections) < 0) {
    fail("register");
  }
  for (int i = 0; i < connections; ++i) {
    receive(i);
    send_request(i, recording ? now() : 0);
    if (i % kBatch == kBatch - 1) {
      io_uring_submit(&ring); /* before these requests are overwritten */
    }
  }
  long long answered = 0;
  end_after(seconds);
  while (!over) {
    io_uring_submit_and_wait(&ring, 1);
    answered += handle_replies();
  }
  if (recording && latencies.count != (uint64_t)answered) {
    return 1; /* also keeps the compiler from removing the histogram */
  }
  printf("{\"requests\":%lld}\n", answered);
  return 0;
}
