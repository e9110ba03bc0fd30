/* The smallest epoll echo client: the baseline for fanin-load's epoll driver. One thread, each descriptor registered
 * once, one send and one recv per request. It counts replies; it records nothing, reads no clock and checks no byte. */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "minimal-epoll-client: the smallest epoll echo client, a baseline for fanin-load's epoll driver\n\n"
    "usage: minimal-epoll-client PORT CONNECTIONS SECONDS [et|lt]\n\n"
    "  PORT         of the echo server on 127.0.0.1\n"
    "  CONNECTIONS  with one request of 64 bytes in flight on each\n"
    "  SECONDS      of load, such as 2 or 0.5\n"
    "  et, lt       edge-triggered (the default) or level-triggered\n\n"
    "Prints the requests that were answered: {\"requests\":123456}\n\n"
    "example: minimal-epoll-server 7000 & minimal-epoll-client 7000 50 2\n";

enum { kSize = 64, kEvents = 256 };

int main(int argc, char** argv) {
  static char request[kSize], reply[kSize];
  static struct epoll_event events[kEvents];
  check_arguments(argc, argv, 3, 4, kHelp);
  const int port = parse_count("PORT", argv[1], 1, 65535);
  const int connections = parse_count("CONNECTIONS", argv[2], 1, 10000000);
  const double seconds = parse_number("SECONDS", argv[3], 0.001, 86400);
  const unsigned trigger = parse_word(argv[4], "lt", "et") ? 0 : EPOLLET;
  raise_descriptor_limit();
  memset(request, 'x', sizeof request);
  const int epoll = epoll_create1(0);
  int* sockets = calloc((size_t)connections, sizeof *sockets);
  for (int i = 0; i < connections; ++i) {
    sockets[i] = connect_to(port);
    struct epoll_event event = {.events = EPOLLIN | trigger, .data.fd = sockets[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event);
  }
  for (int i = 0; i < connections; ++i) {
    if (send(sockets[i], request, kSize, MSG_NOSIGNAL) != kSize) {
      fail("send");
    }
  }
  long long requests = 0;
  end_after(seconds);
  while (!over) {
    const int count = epoll_wait(epoll, events, kEvents, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (recv(fd, reply, kSize, 0) != kSize || send(fd, request, kSize, MSG_NOSIGNAL) != kSize) {
        fail("exchange");
      }
      ++requests;
    }
  }
  printf("{\"requests\":%lld}\n", requests);
  return 0;
}
