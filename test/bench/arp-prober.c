// SPDX-License-Identifier: Apache-2.0
/*
 * A station that asks for addresses all the time and says who claims them:
 *   arp-prober INTERFACE INTERVAL_US [ADDRESS...]
 * Asks for each address once in every interval. Prints `ready`, then one line per claim heard on the interface, of
 * whatever address:
 *   IP MAC answer NS    a reply to this station
 *   IP MAC told NS      a claim that nobody asked for: sender and target address are the same
 * NS is the time of its arrival by CLOCK_MONOTONIC, taken by the kernel: however late this process gets to run, the
 * time is right. Ends with its reader, or by a signal.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

static int fd;
static uint8_t request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};

static int64_t now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Prints one claim; `offset` turns the kernel's time stamps into CLOCK_MONOTONIC. */
static void print_claim(const uint8_t *frame, int64_t arrived_ns, int64_t offset) {
  const uint8_t *mac = frame + 22, *ip = frame + 28;
  int is_gratuitous = memcmp(frame + 28, frame + 38, 4) == 0;
  int is_answer = frame[21] == 2 && memcmp(frame, request + 6, 6) == 0;
  if (!is_gratuitous && !is_answer) return;
  printf("%d.%d.%d.%d %02x:%02x:%02x:%02x:%02x:%02x %s %lld\n", ip[0], ip[1], ip[2], ip[3], mac[0], mac[1], mac[2],
         mac[3], mac[4], mac[5], is_gratuitous ? "told" : "answer", (long long)(arrived_ns + offset));
}

/* Takes one frame if there is one. */
static int take_frame(int64_t offset) {
  uint8_t frame[128];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
  } control;
  struct sockaddr_ll from;
  struct iovec vector = {frame, sizeof frame};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
  if (length < 0) return 0;
  struct timespec at;
  memcpy(&at, CMSG_DATA(&control.header), sizeof at);
  if (length >= 42 && from.sll_pkttype != PACKET_OUTGOING && frame[12] == 8 && frame[13] == 6)
    print_claim(frame, at.tv_sec * 1000000000ll + at.tv_nsec, offset);
  return 1;
}

static int open_station(const char *name) {
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(name)};
  struct ifreq query = {0};
  int buffer = 16 << 20, on = 1;
  fd = socket(AF_PACKET, SOCK_RAW, 0);
  strncpy(query.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &query) != 0) return -1;
  memcpy(request + 6, query.ifr_hwaddr.sa_data, 6);
  memcpy(request + 22, query.ifr_hwaddr.sa_data, 6);
  if (ioctl(fd, SIOCGIFADDR, &query) != 0) return -1;
  memcpy(request + 28, &((struct sockaddr_in *)&query.ifr_addr)->sin_addr, 4);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int main(int argc, char **argv) {
  if (argc < 3 || atol(argv[2]) <= 0) return fputs("arp-prober: see its source\n", stderr), 2;
  if (open_station(argv[1]) != 0) return perror("arp-prober"), 1;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* A client is another machine: it is not slower when this one is busy. Where that is forbidden it may be. */
  sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
  printf("ready\n");
  int64_t interval_ns = atol(argv[2]) * 1000ll, due = now_ns(CLOCK_MONOTONIC);
  while (fflush(stdout) == 0) {
    for (int i = 3; i < argc; i++) {
      if (inet_pton(AF_INET, argv[i], request + 38) != 1) return fputs("arp-prober: no address\n", stderr), 2;
      if (send(fd, request, sizeof request, 0) < 0) continue; /* the link may be down for a while */
    }
    int64_t now = now_ns(CLOCK_MONOTONIC);
    due = due + interval_ns > now ? due + interval_ns : now;
    do {
      struct timespec left = {0, due > now ? due - now : 0};
      left.tv_sec = left.tv_nsec / 1000000000, left.tv_nsec %= 1000000000;
      struct pollfd ready = {.fd = fd, .events = POLLIN};
      ppoll(&ready, 1, &left, NULL);
      int64_t offset = now_ns(CLOCK_MONOTONIC) - now_ns(CLOCK_REALTIME);
      while (take_frame(offset)) continue;
      now = now_ns(CLOCK_MONOTONIC);
    } while (now < due);
  }
  return 0;
}
