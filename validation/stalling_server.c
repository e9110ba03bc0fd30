/* An echo server with analytic latencies: one thread, epoll. Replies leave at least SERVICE_US apart, which bounds its
 * capacity. At every whole second since its start it stalls for STALL_MS. Prints a READY line like fanin-server's. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "stalling-server: an echo server with analytic latencies\n\n"
    "usage: stalling-server PORT SERVICE_US STALL_MS\n\n"
    "  PORT        to listen on at 127.0.0.1; 0: any free one\n"
    "  SERVICE_US  least microseconds between replies; 0: as fast as it can\n"
    "  STALL_MS    milliseconds for which it does nothing at every whole second since its start\n\n"
    "Prints a READY line like fanin-server's and serves until a signal ends it.\n\n"
    "example: stalling-server 7000 20 100 & fanin-load 127.0.0.1:7000 --rate 2000\n";

enum { kEvents = 512, kSecond = 1000000000 };

static long long service_ns, stall_ns;

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct timespec as_time(long long ns) {
  return (struct timespec){.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
}

static int start_listening(int port) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  const int fd = listen_on(port, SOCK_NONBLOCK);
  if (getsockname(fd, (struct sockaddr*)&address, &length) < 0) fail("getsockname");
  printf(
      "{\"ready\":true,\"model\":\"stalling\",\"protocol\":\"echo\",\"pid\":%d,\"addresses\":[{\"host\":\"127.0.0.1\","
      "\"port\":%d}]}\n",
      (int)getpid(), ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/* A timer: the server stalls on time even if no request comes. */
static int stall_timer(long long start) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const struct itimerspec every_second = {.it_value = as_time(start + kSecond), .it_interval = as_time(kSecond)};
  if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &every_second, NULL) < 0) fail("timer");
  return fd;
}

/* The end does not depend on when the loop saw the timer. */
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
  check_arguments(argc, argv, 3, 3, kHelp);
  const int port = parse_count("PORT", argv[1], 0, 65535);
  service_ns = parse_count("SERVICE_US", argv[2], 0, 1000000) * 1000LL;
  stall_ns = parse_count("STALL_MS", argv[3], 0, 1000) * 1000000LL;
  raise_descriptor_limit();
  prctl(PR_SET_TIMERSLACK, 1UL); /* a stall ends on time, not up to 50 us later */
  const int listener = start_listening(port);
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
