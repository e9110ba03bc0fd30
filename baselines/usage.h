/* Answers --help and missing arguments; the rest of a command line is not checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void check_usage(int argc, char** argv, int needed, const char* text) {
  const int asked = argc > 1 && strcmp(argv[1], "--help") == 0;
  if (asked || argc <= needed) {
    fprintf(asked ? stdout : stderr, "usage: %s", text);
    exit(asked ? 0 : 2);
  }
}
