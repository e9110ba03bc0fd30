/* Shared by the minimal programs: --help and arguments, errors, sockets, the timer that ends a run. Nothing here runs
 * per request. Every fault is one line on stderr, `program: what is wrong`, and exit code 2. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile sig_atomic_t over __attribute__((unused)); /* set by the timer of end_after() */

static inline void fail(const char* what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(2);
}

/* Prints `help` for --help; refuses fewer than `min` or more than `max` arguments. */
static inline void check_arguments(int argc, char** argv, int min, int max, const char* help) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(help, stdout);
    exit(fflush(stdout) == 0 ? 0 : 2);
  }
  if (argc - 1 < min || argc - 1 > max) {
    fprintf(stderr, "%s: wrong number of arguments: --help shows which it takes\n", program_invocation_short_name);
    exit(2);
  }
}

static inline double parse_number(const char* name, const char* text, double low, double high) {
  char* end;
  const double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= low && value <= high)) {
    fprintf(stderr, "%s: %s is '%.40s': give a number from %g to %.0f\n", program_invocation_short_name, name, text,
            low, high);
    exit(2);
  }
  return value;
}

static inline int parse_count(const char* name, const char* text, int low, int high) {
  const double value = parse_number(name, text, low, high);
  if (value != (int)value) {
    fprintf(stderr, "%s: %s is '%.40s': give a whole number\n", program_invocation_short_name, name, text);
    exit(2);
  }
  return (int)value;
}

/* Whether the last argument, if there is one, is `word`; any other must be `otherwise`, if that is not NULL. */
static inline int parse_word(const char* text, const char* word, const char* otherwise) {
  if (text == NULL || (otherwise != NULL && strcmp(text, otherwise) == 0)) return 0;
  if (strcmp(text, word) == 0) return 1;
  fprintf(stderr, "%s: the last argument is '%.40s': --help shows which it may be\n", program_invocation_short_name,
          text);
  exit(2);
}

static inline struct rlimit raise_descriptor_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

static inline struct sockaddr_in loopback_address(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int connect_to(int port) {
  const int yes = 1;
  const struct sockaddr_in address = loopback_address(port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr*)&address, sizeof address) < 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

/* `flags` are added to the type of the socket. */
static inline int listen_on(int port, int flags) {
  const int yes = 1;
  const struct sockaddr_in address = loopback_address(port);
  const int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (fd < 0 || bind(fd, (const struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0) fail("listen");
  return fd;
}

static inline void set_over(int number) {
  (void)number;
  over = 1;
}

static inline void end_after(double seconds) {
  const struct itimerval timer = {
      .it_value = {.tv_sec = (long)seconds, .tv_usec = (long)((seconds - (double)(long)seconds) * 1e6)}};
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = set_over}, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
}
