// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "packet-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for some 500 small frames; the kernel caps it at net.core.rmem_max, so the result is not checked. */
static const int RECEIVE_BYTES = 1 << 20;

int packet_set_filter(int fd, const packet_filter *filter) {
  if (filter->len > 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof *filter) == 0) return 0;
  int error = errno;
  /*
   * While one program replaces another both count against net.core.optmem_max. In between the two calls every
   * frame gets through, which costs time only: the table decides what is answered.
   */
  int unused = 0;
  setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
  if (filter->len == 0) return 0;
  if (error != ENOMEM) return -error;
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof *filter) == 0 ? 0 : -errno;
}

int packet_permitted(void) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  return fd < 0 ? -errno : close(fd);
}

int packet_bind(int fd, uint16_t ethertype, int32_t ifindex) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = ifindex};
  return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

bool packet_unhooked(int fd) {
  struct sockaddr_ll address = {0};
  socklen_t len = sizeof address;
  return getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.sll_ifindex < 0;
}

int packet_open(uint16_t ethertype, int32_t ifindex, const packet_filter *filter) {
  /* Protocol 0 receives nothing: no frame can slip in before the filter is attached. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &RECEIVE_BYTES, sizeof RECEIVE_BYTES);
  int error = packet_set_filter(fd, filter);
  if (error == 0) error = packet_bind(fd, ethertype, ifindex);
  if (error == 0) return fd;
  close(fd);
  return error;
}

int packet_send(int fd, const uint8_t *frame, size_t len) {
  for (;;) {
    ssize_t sent = send(fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)len) return 0;
    if (sent >= 0) return -EMSGSIZE;
    if (errno != EINTR) return -errno;
  }
}
