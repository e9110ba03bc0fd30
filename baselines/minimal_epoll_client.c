/* The smallest epoll echo client: the baseline for fanin-load's epoll driver. One thread,
 * registered once, one send and one recv per request, 64 bytes each way; it counts replies and records nothing, reads
 * no clock and checks no byte. A timer ends it. Prints one line of JSON: the requests that were answered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "baselines/usage.h"

enum { kSize = 64, kEvents = 256 };

static volatile sig_atomic_t over;

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
    fail("minimal-epoll-client: connect");
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static void set_timer(double seconds) {
  struct itimerval timer = {.it_value = {.tv_sec = (long)seconds, .tv_usec = (long)((seconds - (long)seconds) * 1e6)}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int argc, char** argv) {
  static char request[kSize], reply[kSize];
  static struct epoll_event events[kEvents];
  check_usage(
      argc, argv, 3,
      "minimal-epoll-client PORT CONNECTIONS SECONDS [lt|et]\n\n"
      "Sends 64-byte requests to an echo server on 127.0.0.1 in a closed loop and prints the number of replies:\n"
      "one thread, epoll, level-triggered (lt) or edge-triggered (et, the default). The baseline for\n"
      "`fanin-load --driver epoll`.\n");
  const int connections = atoi(argv[2]);
  const unsigned trigger = argc > 4 && strcmp(argv[4], "lt") == 0 ? 0 : EPOLLET;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  memset(request, 'x', sizeof request);
  const int epoll = epoll_create1(0);
  int* sockets = calloc((size_t)connections, sizeof *sockets);
  for (int i = 0; i < connections; ++i) {
    sockets[i] = connect_to(atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN | trigger, .data.fd = sockets[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event);
  }
  for (int i = 0; i < connections; ++i) {
    if (send(sockets[i], request, kSize, MSG_NOSIGNAL) != kSize) {
      fail("minimal-epoll-client: send");
    }
  }
  long long requests = 0;
  set_timer(atof(argv[3]));
  while (!over) {
    const int count = epoll_wait(epoll, events, kEvents, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (recv(fd, reply, kSize, 0) != kSize || send(fd, request, kSize, MSG_NOSIGNAL) != kSize) {
        fail("minimal-epoll-client: exchange");
      }
      ++requests;
    }
  }
  printf("{\"requests\":%lld}\n", requests);
  return 0;
}
