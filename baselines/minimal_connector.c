/* The smallest program that opens many connections to an epoll server: the baseline for the connection rate of
 * fanin-load and fanin-server. It runs pairs of processes, one pair per CPU at a time. In each pair the client connects
 * 256 times, sends 64 bytes on each connection and receives them back, with blocking calls; the server waits with
 * epoll, accepts, receives and sends. The client does not bind and checks lengths only. All connections stay open to
 * the end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "baselines/minimal.h"

static const char kHelp[] =
    "minimal-connector: the smallest program that opens many connections to an epoll server, a baseline for the\n"
    "connection rate of fanin-load and fanin-server\n\n"
    "usage: minimal-connector CONNECTIONS\n\n"
    "  CONNECTIONS  in all, on 127.0.0.0/8; each is served once\n\n"
    "Prints the time until the last one was served: {\"connections\":100000,\"seconds\":3.512}\n\n"
    "example: minimal-connector 100000\n";

enum { kSize = 64, kBatch = 256, kSpare = 64, kMaxPerPair = 50000, kMaxPairs = 4096 };
/* More to one address make connect() search for a free port. */
enum { kMaxPerAddress = 10000 };

static char buffer[kSize];

static struct sockaddr_in make_address(int number, int port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((unsigned short)port),
                              .sin_addr.s_addr = htonl((unsigned)(INADDR_LOOPBACK + number))};
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int max_connections(void) {
  const struct rlimit limit = raise_descriptor_limit();
  return limit.rlim_max - kSpare < kMaxPerPair ? (int)limit.rlim_max - kSpare : kMaxPerPair;
}

static int listen_at(int number, int* port) {
  struct sockaddr_in address = make_address(number, 0);
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0 ||
      getsockname(fd, (struct sockaddr*)&address, &length) < 0) {
    fail("listen");
  }
  *port = ntohs(address.sin_port);
  return fd;
}

static void watch(int epoll, int fd, unsigned trigger) {
  struct epoll_event event = {.events = EPOLLIN | trigger, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void answer(int fd) {
  const ssize_t length = recv(fd, buffer, kSize, 0);
  if (length == 0) exit(0); /* the client has ended */
  if (length != kSize || send(fd, buffer, kSize, MSG_NOSIGNAL) != kSize) fail("server");
}

/* Ends with its client. The listeners have the lowest descriptors. */
static void serve(const int* listeners, int count) {
  static struct epoll_event events[kBatch];
  const int epoll = epoll_create1(0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < count; ++i) watch(epoll, listeners[i], 0);
  for (;;) {
    const int ready = epoll_wait(epoll, events, kBatch, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd <= listeners[count - 1]) {
        for (int connection; (connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          watch(epoll, connection, EPOLLET);
        }
      } else {
        answer(fd);
      }
    }
  }
}

static void connect_all(const int* ports, int connections) {
  static int sockets[kBatch];
  for (int done = 0; done < connections; done += kBatch) {
    const int count = connections - done < kBatch ? connections - done : kBatch;
    for (int i = 0; i < count; ++i) {
      const int number = (done + i) / kMaxPerAddress;
      const struct sockaddr_in server = make_address(number, ports[number]);
      sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
      if (sockets[i] < 0 || connect(sockets[i], (const struct sockaddr*)&server, sizeof server) < 0) {
        fail("connect");
      }
    }
    for (int i = 0; i < count; ++i) {
      if (send(sockets[i], buffer, kSize, MSG_NOSIGNAL) != kSize) fail("send");
    }
    for (int i = 0; i < count; ++i) {
      if (recv(sockets[i], buffer, kSize, MSG_WAITALL) != kSize) fail("receive");
    }
  }
}

/* A pair. It writes a byte to `up` when its connections are served, and waits for a signal. */
static void run_pair(int connections, int up) {
  int listeners[kMaxPerPair / kMaxPerAddress], ports[kMaxPerPair / kMaxPerAddress];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int count = (connections + kMaxPerAddress - 1) / kMaxPerAddress;
  for (int i = 0; i < count; ++i) listeners[i] = listen_at(i, &ports[i]);
  if (fork() == 0) serve(listeners, count);
  for (int i = 0; i < count; ++i) close(listeners[i]);
  connect_all(ports, connections);
  if (write(up, "", 1) != 1) fail("write");
  for (;;) pause();
}

/* A pair that fails ends without a byte. */
static void wait_for_one(int up, const pid_t* pairs, int count) {
  char byte;
  struct timespec nap = {.tv_nsec = 1000000};
  for (;;) {
    const ssize_t length = read(up, &byte, 1);
    if (length == 1) return;
    for (int i = 0; i < count; ++i) {
      if (waitpid(pairs[i], NULL, WNOHANG) != 0) exit(2); /* it has printed the reason */
    }
    nanosleep(&nap, NULL);
  }
}

int main(int argc, char** argv) {
  static pid_t pairs[kMaxPairs];
  int up[2], count = 0, under_way = 0;
  const int width = (int)sysconf(_SC_NPROCESSORS_ONLN);
  check_arguments(argc, argv, 1, 1, kHelp);
  const int per_pair = max_connections();
  const int connections = parse_count("CONNECTIONS", argv[1], 1, (kMaxPairs - 1) * per_pair);
  if (pipe2(up, O_NONBLOCK) < 0) fail("pipe");
  const double begin = now();
  for (int left = connections; left > 0; left -= per_pair) {
    if (under_way == width) {
      wait_for_one(up[0], pairs, count);
      --under_way;
    }
    const pid_t pair = fork();
    if (pair < 0) fail("fork");
    if (pair == 0) run_pair(left < per_pair ? left : per_pair, up[1]);
    pairs[count++] = pair;
    ++under_way;
  }
  for (; under_way > 0; --under_way) wait_for_one(up[0], pairs, count);
  printf("{\"connections\":%d,\"seconds\":%.3f}\n", connections, now() - begin);
  for (int i = 0; i < count; ++i) {
    kill(pairs[i], SIGKILL);
    waitpid(pairs[i], NULL, 0);
  }
  return 0;
}
