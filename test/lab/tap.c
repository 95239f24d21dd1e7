// SPDX-License-Identifier: Apache-2.0
/*
 * A station for tests: `tap INTERFACE` prints every frame that arrives there as a line of hexadecimal digits, and
 * sends every such line it reads and says "sent". Its own frames are not printed. Says "ready" first; ends at the end
 * of its input.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void print_frame(int fd) {
  uint8_t frame[2048];
  struct sockaddr_ll from;
  socklen_t from_len = sizeof from;
  ssize_t len = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &from_len);
  if (len < 0 || from.sll_pkttype == PACKET_OUTGOING) return;
  for (ssize_t i = 0; i < len; i++) printf("%02x", frame[i]);
  putchar('\n');
}

static void send_line(int fd, const char *line) {
  uint8_t frame[2048];
  size_t len = 0;
  unsigned byte = 0;
  for (const char *at = line; len < sizeof frame && sscanf(at, "%2x", &byte) == 1; at += 2) frame[len++] = (uint8_t)byte;
  if (send(fd, frame, len, 0) < 0) perror("tap: send");
  puts("sent");
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: tap INTERFACE\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0); /* so that poll sees what fgets has not read */
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return perror("tap"), 1;
  puts("ready");
  struct pollfd both[] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  char line[4200];
  while (poll(both, 2, -1) > 0) {
    if (both[1].revents) print_frame(fd);
    if (!both[0].revents) continue;
    if (!fgets(line, sizeof line, stdin)) return 0;
    send_line(fd, line);
  }
  return 1;
}
