// SPDX-License-Identifier: Apache-2.0
// The image has no shell. Called /controller or /speaker, this starts `metallb controller` or `metallb speaker`, and
// called vtysh `metallb vtysh`; called metallb, what its arguments name. It gives Node the flags and settings that
// bin/metallb gives a daemon in a checkout.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOME "/usr/lib/metallb/"

int main(int argc, char **argv) {
  static char node[] = HOME "node", bundle[] = HOME "metallb.cjs";
  static char young[] = "--max-semi-space-size=1", small[] = "--optimize-for-size", tier[] = "--max-opt=1";
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  char *name = argc == 0 ? "metallb" : slash ? argv[0] + (slash + 1 - argv[0]) : argv[0];
  char **command = calloc((size_t)argc + 7, sizeof *command);
  if (!command) return 1;
  int length = 0;
  command[length++] = node;
  command[length++] = young;
  command[length++] = small;
  command[length++] = tier;
  command[length++] = bundle;
  if (strcmp(name, "metallb") != 0) command[length++] = name;
  for (int i = 1; i < argc; i++) command[length++] = argv[i];
  setenv("MALLOC_ARENA_MAX", "1", 0);
  setenv("MALLOC_TRIM_THRESHOLD_", "131072", 0);
  execv(node, command);
  fprintf(stderr, "metallb: %s does not start: %s\n", node, strerror(errno));
  return 1;
}
