/* The smallest multishot io_uring echo server: the baseline for the model `io-uring-multishot`. One thread, single
 * issuer, deferred task run, multishot accept and receive into a ring of provided buffers; one-shot sends from the
 * buffer that received. No counters, no protection. */
#define _GNU_SOURCE
#include <liburing.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "minimal-uring-server: the smallest io_uring echo server, a baseline for the model io-uring-multishot\n\n"
    "usage: minimal-uring-server PORT\n\n"
    "  PORT  to listen on at 127.0.0.1\n\n"
    "Serves until a signal ends it. Ends with 77 if the kernel lacks multishot receive.\n\n"
    "example: minimal-uring-server 7000 & fanin-load 127.0.0.1:7000\n";

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

static void recycle(int buffer) {
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

static void set_up(void) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 8192};
  struct io_uring_buf_reg group = {.ring_entries = kBuffers, .bgid = kGroup};
  raise_descriptor_limit();
  const int error = io_uring_queue_init_params(1024, &ring, &params);
  memory = mmap(NULL, (size_t)kBuffers * kBufferSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  buffers =
      mmap(NULL, kBuffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  group.ring_addr = (uintptr_t)buffers;
  if (error < 0 || io_uring_register_buf_ring(&ring, &group, 0) < 0) {
    fprintf(stderr, "minimal-uring-server: this kernel lacks provided buffer rings or deferred task run\n");
    exit(77);
  }
  io_uring_buf_ring_init(buffers);
  for (int i = 0; i < kBuffers; ++i) recycle(i);
}

int main(int argc, char** argv) {
  check_arguments(argc, argv, 1, 1, kHelp);
  const int listener = listen_on(parse_count("PORT", argv[1], 1, 65535), 0);
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
          recycle((int)(cqe->user_data >> 32) & 0xffff);
          break;
      }
    }
    io_uring_cq_advance(&ring, seen);
  }
}
