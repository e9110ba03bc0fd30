/* An echo server with analytic latencies: one thread, epoll. Replies leave at least SERVICE_US microseconds
 * apart, which fixes its capacity. It does nothing for STALL_MS milliseconds from every whole second of
 * CLOCK_MONOTONIC since its start. Prints a READY line like
 * fanin-server's. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "baselines/usage.h"

enum { kEvents = 512, kSecond = 1000000000 };

static long long service_ns, stall_ns;

static void fail(const char* what) {
  perror(what);
  exit(2);
}

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct timespec as_time(long long ns) {
  return (struct timespec){.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
}

static int listen_on(int port) {
  const int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0 ||
      getsockname(fd, (struct sockaddr*)&address, &length) < 0) {
    fail("stalling-server: listen");
  }
  printf(
      "{\"ready\":true,\"model\":\"stalling\",\"protocol\":\"echo\",\"pid\":%d,\"addresses\":[{\"host\":\"127.0.0.1\","
      "\"port\":%d}]}\n",
      (int)getpid(), ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/* A timer rather than a look at the clock between events, so that it also stalls on time when nothing comes. */
static int stall_timer(long long start) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const struct itimerspec every_second = {.it_value = as_time(start + kSecond), .it_interval = as_time(kSecond)};
  if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &every_second, NULL) < 0) fail("stalling-server: timer");
  return fd;
}

/* Ends at a time that does not depend on when the timer was noticed. */
static void stall(int timer, long long start) {
  uint64_t expirations;
  if (read(timer, &expirations, sizeof expirations) != sizeof expirations) return;
  const struct timespec end = as_time(now_ns() - (now_ns() - start) % kSecond + stall_ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {
  }
}

static void serve(int fd) {
  static char buffer[16384];
  static long long last;
  const ssize_t length = recv(fd, buffer, sizeof buffer, 0);
  long long now = now_ns();
  while (now < last + service_ns) now = now_ns();
  last = now;
  if (length <= 0 || send(fd, buffer, (size_t)length, MSG_NOSIGNAL) != length) close(fd);
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char** argv) {
  static struct epoll_event events[kEvents];
  struct rlimit limit;
  check_usage(argc, argv, 3,
              "stalling-server PORT SERVICE_US STALL_MS\n\n"
              "Echoes on this port of 127.0.0.1 (0: any free one). Replies leave at least SERVICE_US microseconds apart\n"
              "(0: as fast as it can), and none for STALL_MS milliseconds from every whole second on.\n");
  service_ns = atoll(argv[2]) * 1000;
  stall_ns = atoll(argv[3]) * 1000000;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  prctl(PR_SET_TIMERSLACK, 1UL); /* a stall ends when it is over, not up to 50 us later */
  const int listener = listen_on(atoi(argv[1]));
  const long long start = now_ns();
  const int timer = stall_timer(start);
  const int epoll = epoll_create1(0);
  watch(epoll, listener);
  watch(epoll, timer);
  for (;;) {
    const int ready = epoll_wait(epoll, events, kEvents, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == timer) {
        stall(timer, start);
      } else if (fd == listener) {
        for (int connection; (connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;)
          watch(epoll, connection);
      } else {
        serve(fd);
      }
    }
  }
}
