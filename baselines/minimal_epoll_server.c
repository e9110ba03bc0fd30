/* The smallest epoll echo server: the baseline for the model `epoll`. One thread,
 * level-triggered, registered once, read and send directly; no counters, no options, no protection against anything. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "baselines/usage.h"

static int listen_on(int port) {
  const int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
    perror("minimal-epoll-server");
    exit(2);
  }
  return fd;
}

int main(int argc, char** argv) {
  static char buffer[16384];
  struct epoll_event events[512];
  struct rlimit limit;
  check_usage(
      argc, argv, 1,
      "minimal-epoll-server PORT\n\n"
      "Echoes on this port of 127.0.0.1: one thread, epoll level-triggered. The baseline for `fanin-server epoll`.\n");
  const int listener = listen_on(atoi(argv[1]));
  const int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  for (;;) {
    const int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        const int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        event.data.fd = connection;
        if (connection >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event);
        continue;
      }
      const ssize_t length = recv(fd, buffer, sizeof buffer, 0);
      if (length <= 0 || send(fd, buffer, (size_t)length, MSG_NOSIGNAL) != length) close(fd);
    }
  }
}
