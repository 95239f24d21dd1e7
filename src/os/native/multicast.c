// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "multicast.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int multicast_open(void) {
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}

static int change(int fd, int option, const uint8_t group[16], int32_t ifindex) {
  struct ipv6_mreq request = {.ipv6mr_interface = (unsigned)ifindex};
  memcpy(&request.ipv6mr_multiaddr, group, 16);
  return setsockopt(fd, IPPROTO_IPV6, option, &request, sizeof request) == 0 ? 0 : -errno;
}

int multicast_join(int fd, const uint8_t group[16], int32_t ifindex) {
  return change(fd, IPV6_JOIN_GROUP, group, ifindex);
}

int multicast_leave(int fd, const uint8_t group[16], int32_t ifindex) {
  return change(fd, IPV6_LEAVE_GROUP, group, ifindex);
}

int multicast_join_all(int32_t ifindex) {
  struct packet_mreq request = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_ALLMULTI};
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}
