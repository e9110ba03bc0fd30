/* The smallest multishot io_uring echo server: the baseline for the model `io-uring-multishot`.
 * One thread, single issuer, deferred task run, multishot accept and receive into a ring of provided buffers, one-shot
 * sends straight from the buffer that was received into. No counters, no protection against anything. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "baselines/usage.h"

enum { kBuffers = 1024, kBufferSize = 16384, kGroup = 0 };
enum Kind { kAccept, kReceive, kSend };

static struct io_uring ring;
static struct io_uring_buf_ring* buffers;
static char* memory;

static struct io_uring_sqe* next_sqe(void) {
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  if (!sqe) {
    io_uring_submit(&ring);
    sqe = io_uring_get_sqe(&ring);
  }
  return sqe;
}

static uint64_t pack(enum Kind kind, int fd, int buffer) {
  return ((uint64_t)kind << 48) | ((uint64_t)buffer << 32) | (uint32_t)fd;
}

static void give_back(int buffer) {
  io_uring_buf_ring_add(buffers, memory + (size_t)buffer * kBufferSize, kBufferSize, (unsigned short)buffer,
                        io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffers, 1);
}

static void arm_receive(int fd) {
  struct io_uring_sqe* sqe = next_sqe();
  io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kGroup;
  sqe->user_data = pack(kReceive, fd, 0);
}

static void on_receive(const struct io_uring_cqe* cqe, int fd) {
  if (cqe->res <= 0) {
    if (cqe->res == -ENOBUFS) {
      arm_receive(fd);
    } else {
      close(fd);
    }
    return;
  }
  const int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
  struct io_uring_sqe* sqe = next_sqe();
  io_uring_prep_send(sqe, fd, memory + (size_t)buffer * kBufferSize, (size_t)cqe->res, MSG_NOSIGNAL);
  sqe->user_data = pack(kSend, fd, buffer);
  if (!(cqe->flags & IORING_CQE_F_MORE)) arm_receive(fd);
}

static int listen_on(int port) {
  const int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
    perror("minimal-uring-server");
    exit(2);
  }
  return fd;
}

static void set_up(void) {
  struct rlimit limit;
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 8192};
  struct io_uring_buf_reg group = {.ring_entries = kBuffers, .bgid = kGroup};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int error = io_uring_queue_init_params(1024, &ring, &params);
  memory = mmap(NULL, (size_t)kBuffers * kBufferSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  buffers =
      mmap(NULL, kBuffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  group.ring_addr = (uintptr_t)buffers;
  if (error < 0 || io_uring_register_buf_ring(&ring, &group, 0) < 0) {
    fprintf(stderr, "minimal-uring-server: this kernel does not have what it needs\n");
    exit(77);
  }
  io_uring_buf_ring_init(buffers);
  for (int i = 0; i < kBuffers; ++i) give_back(i);
}

int main(int argc, char** argv) {
  check_usage(argc, argv, 1,
              "minimal-uring-server PORT\n\n"
              "Echoes on this port of 127.0.0.1: one thread, io_uring, multishot accept and receive. The baseline for\n"
              "`fanin-server io-uring-multishot`.\n");
  const int listener = listen_on(atoi(argv[1]));
  set_up();
  struct io_uring_sqe* sqe = next_sqe();
  io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, 0);
  sqe->user_data = pack(kAccept, listener, 0);
  for (;;) {
    struct io_uring_cqe* cqe;
    unsigned head;
    unsigned seen = 0;
    io_uring_submit_and_wait(&ring, 1);
    io_uring_for_each_cqe(&ring, head, cqe) {
      const int fd = (int)(uint32_t)cqe->user_data;
      ++seen;
      switch ((enum Kind)(cqe->user_data >> 48)) {
        case kAccept:
          if (cqe->res >= 0) arm_receive(cqe->res);
          break;
        case kReceive:
          on_receive(cqe, fd);
          break;
        case kSend:
          give_back((int)(cqe->user_data >> 32) & 0xffff);
          break;
      }
    }
    io_uring_cq_advance(&ring, seen);
  }
}
