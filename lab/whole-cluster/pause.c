// SPDX-License-Identifier: Apache-2.0
// Keeps the namespaces of a Pod open, and does nothing else.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal) {
  (void)signal;
  _exit(0);
}

int main(void) {
  signal(SIGTERM, leave);
  signal(SIGINT, leave);
  signal(SIGCHLD, SIG_IGN); // the kernel buries whose parent has gone
  for (;;) pause();
}
