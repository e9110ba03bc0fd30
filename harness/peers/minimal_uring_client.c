/* The least that an io_uring echo client can be: how cheap fanin-load's io-uring driver could be if it recorded
 * nothing. One thread, single issuer, deferred task run, registered sockets, one multishot receive per connection into
 * a ring of provided buffers, sends handed over 64 at a time that say nothing when they succeed: 64 bytes each way. It
 * counts replies, reads no clock and checks no byte. Nothing cheaper was found: fewer at a time, write instead of send,
 * registered buffers, sends by system call and waiting for more than one reply cost as much or more. A timer ends it.
 * Prints one line of JSON: the requests that were answered. Usage: minimal-uring-client PORT CONNECTIONS SECONDS
 * (127.0.0.1). */
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
#include <unistd.h>

enum { kSize = 64, kEntries = 1024, kBuffers = 1024, kBufferSize = 2048, kBatch = 64 };

static const uint64_t kSend = UINT64_MAX;
static volatile sig_atomic_t over;
static struct io_uring ring;
static struct io_uring_buf_ring* buffers;
static char* memory;
static char request[kSize];

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

static void set_up_ring(void) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
      .cq_entries = 8 * kEntries};
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

static void send_request(int connection) {
  struct io_uring_sqe* sqe = next_sqe();
  io_uring_prep_send(sqe, connection, request, kSize, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
  sqe->user_data = kSend;
}

/* Answers up to kBatch replies that are there. Returns how many. */
static int take_replies(void) {
  struct io_uring_cqe* cqe;
  unsigned head;
  int taken = 0;
  io_uring_for_each_cqe(&ring, head, cqe) {
    if (cqe->user_data == kSend || cqe->res != kSize || (cqe->flags & IORING_CQE_F_MORE) == 0) {
      fprintf(stderr, "minimal-uring-client: exchange: %d\n", cqe->res);
      exit(2);
    }
    const unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    io_uring_buf_ring_add(buffers, memory + (size_t)buffer * kBufferSize, kBufferSize, (unsigned short)buffer,
                          io_uring_buf_ring_mask(kBuffers), taken);
    send_request((int)cqe->user_data);
    if (++taken == kBatch) {
      break;
    }
  }
  io_uring_buf_ring_cq_advance(&ring, buffers, taken);
  return taken;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: minimal-uring-client PORT CONNECTIONS SECONDS\n");
    return 2;
  }
  const int connections = atoi(argv[2]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  memset(request, 'x', sizeof request);
  set_up_ring();
  int* sockets = calloc((size_t)connections, sizeof *sockets);
  for (int i = 0; i < connections; ++i) {
    sockets[i] = connect_to(atoi(argv[1]));
  }
  if (io_uring_register_files(&ring, sockets, (unsigned)connections) < 0) {
    fail("minimal-uring-client: register");
  }
  for (int i = 0; i < connections; ++i) {
    receive(i);
    send_request(i);
  }
  long long requests = 0;
  set_timer(atof(argv[3]));
  while (!over) {
    io_uring_submit_and_wait(&ring, 1);
    requests += take_replies();
  }
  printf("{\"requests\":%lld}\n", requests);
  return 0;
}
