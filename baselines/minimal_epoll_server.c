/* The smallest epoll echo server: the baseline for the model `epoll`. One thread, level-triggered, each descriptor
 * registered once; it reads and sends directly. No counters, no options, no protection. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <unistd.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "minimal-epoll-server: the smallest epoll echo server, a baseline for the model epoll\n\n"
    "usage: minimal-epoll-server PORT\n\n"
    "  PORT  to listen on at 127.0.0.1\n\n"
    "Serves until a signal ends it.\n\n"
    "example: minimal-epoll-server 7000 & fanin-load 127.0.0.1:7000\n";

int main(int argc, char** argv) {
  static char buffer[16384];
  struct epoll_event events[512];
  check_arguments(argc, argv, 1, 1, kHelp);
  const int listener = listen_on(parse_count("PORT", argv[1], 1, 65535), SOCK_NONBLOCK);
  const int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  raise_descriptor_limit();
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
