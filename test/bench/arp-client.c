// SPDX-License-Identifier: Apache-2.0
/*
 * A station that asks and measures:
 *   arp-client INTERFACE ADDRESS latency COUNT     one request after another; prints p50 and p99 in nanoseconds,
 *                                                  until the answer is in hand and until it arrives
 *   arp-client INTERFACE ADDRESS rate PER_SECOND SECONDS   prints how many were sent and how many answered
 *   arp-client INTERFACE ADDRESS noise PER_SECOND SECONDS  sends what is of no concern to anybody; prints how many
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LOST_NS 1000000000ll

static int fd;
static uint8_t request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0xff, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
                              2,    0,    0,    0,    0,    0xff, 198, 51, 100, 9};

/* The clock of the kernel's time stamps. */
static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void ask(void) {
  if (send(fd, request, sizeof request, 0) < 0) perror("arp-client: send");
}

/* Takes one frame; says when it came in if it is the answer, else 0. */
static int64_t take_answer(int flags) {
  uint8_t frame[128];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
  } control;
  struct iovec vector = {frame, sizeof frame};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, flags) < 42) return 0;
  if (frame[21] != 2 || memcmp(frame + 28, request + 38, 4) != 0) return 0;
  struct timespec at;
  memcpy(&at, CMSG_DATA(&control.header), sizeof at);
  return at.tv_sec * 1000000000ll + at.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void print_percentiles(int64_t *took, int count) {
  qsort(took, (size_t)count, sizeof *took, ascending);
  printf("%lld %lld ", (long long)took[count / 2], (long long)took[count * 99 / 100]);
}

/*
 * From sending the request until this process has the answer in hand, and until the kernel's time stamp of the
 * answer's arrival. While it waits this process sleeps: a client is another machine, and must not keep a processor
 * from the responder.
 */
static void latency(int count) {
  int64_t *in_hand = calloc((size_t)count, sizeof *in_hand);
  int64_t *arrival = calloc((size_t)count, sizeof *arrival);
  struct timeval limit = {.tv_sec = 1};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  for (int i = 0; i < count; i++) {
    int64_t start = now_ns();
    ask();
    int64_t arrived = 0;
    while (arrived == 0 && now_ns() - start < LOST_NS) arrived = take_answer(0);
    in_hand[i] = now_ns() - start;
    arrival[i] = (arrived ? arrived : start + LOST_NS) - start;
    struct timespec pause = {0, 200000}; /* as rare as real requests: each finds an idle responder */
    nanosleep(&pause, NULL);
  }
  print_percentiles(in_hand, count);
  print_percentiles(arrival, count);
}

static void rate(long per_second, long seconds) {
  long sent = 0, answered = 0;
  int64_t start = now_ns();
  for (; sent < per_second * seconds; sent++) {
    int64_t due = start + sent * 1000000000ll / per_second;
    ask();
    do answered += take_answer(MSG_DONTWAIT) != 0;
    while (now_ns() < due);
  }
  for (int64_t end = now_ns(); answered < sent && now_ns() - end < LOST_NS;) answered += take_answer(MSG_DONTWAIT) != 0;
  printf("%ld %ld\n", sent, answered);
}

/* Half other hosts' ARP, half another protocol, to the broadcast address: every host on the segment gets them. */
static void noise(long per_second, long seconds) {
  uint8_t other[60];
  memcpy(other, request, sizeof other);
  other[12] = 0x88, other[13] = 0xb5; /* the EtherType for local experiments */
  long sent = 0;
  int64_t start = now_ns();
  for (; sent < per_second * seconds; sent++) {
    int64_t due = start + sent * 1000000000ll / per_second;
    if (sent % 2) {
      request[41] = (uint8_t)(128 + sent / 2 % 100);
      ask();
    } else if (send(fd, other, sizeof other, 0) < 0) {
      perror("arp-client: send");
    }
    while (now_ns() < due) continue;
  }
  printf("%ld %lld\n", sent, (long long)(now_ns() - start) / 1000000);
}

int main(int argc, char **argv) {
  if (argc < 5 || inet_pton(AF_INET, argv[2], request + 38) != 1) return fputs("arp-client: see its source\n", stderr), 2;
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(argv[1])};
  int buffer = 4 << 20;
  int on = 1;
  fd = socket(AF_PACKET, SOCK_RAW, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return perror("arp-client"), 1;
  if (strcmp(argv[3], "latency") == 0) latency(atoi(argv[4]));
  if (strcmp(argv[3], "rate") == 0 && argc > 5) rate(atol(argv[4]), atol(argv[5]));
  if (strcmp(argv[3], "noise") == 0 && argc > 5) noise(atol(argv[4]), atol(argv[5]));
  return 0;
}
