// SPDX-License-Identifier: Apache-2.0
// The web server of the demo: on port 8080, one page that says which Pod made it, on which node.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leave(int signal) {
  (void)signal;
  _exit(0);
}

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

int main(void) {
  signal(SIGTERM, leave);
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(8080)};
  if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 64)) {
    perror("web: port 8080");
    return 1;
  }
  char page[512], answer[1024], request[4096];
  snprintf(page, sizeof page, "{\"pod\":\"%s\",\"node\":\"%s\"}\n", setting("POD"), setting("NODE"));
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n%s", strlen(page), page);
  for (;;) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    struct timeval limit = {.tv_sec = 1};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (read(client, request, sizeof request) > 0 && write(client, answer, (size_t)length) < 0) perror("web: write");
    shutdown(client, SHUT_WR);
    close(client);
  }
}
