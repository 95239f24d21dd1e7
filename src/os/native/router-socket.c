// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* struct in6_pktinfo */
#include "router-socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOP_LIMIT 255
#define RECEIVE_BYTES 65536 /* some hundred messages; who sends more than we read floods only itself */

static int set_number(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

static int set_filter(int fd, int passes) {
  struct icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  if (passes) ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
  if (passes) ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
  return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}

static int bind_to(int fd, uint32_t index, const char *name) {
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) != 0) return -1;
  if (if_nametoindex(name) == index) return 0;
  errno = ENODEV; /* a link of that name, but made anew: whoever asks has not heard of it yet */
  return -1;
}

/* All nodes are a group that every interface is in; all routers are not. */
static int join_all_routers(int fd, uint32_t index) {
  struct ipv6_mreq group = {.ipv6mr_interface = index};
  group.ipv6mr_multiaddr.s6_addr[0] = 0xff;
  group.ipv6mr_multiaddr.s6_addr[1] = 0x02;
  group.ipv6mr_multiaddr.s6_addr[15] = 0x02;
  return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof group);
}

/* Until it is bound, a socket hears every interface: what it heard then is thrown away before any message may pass. */
static int prepare(int fd, uint32_t index, const char *name) {
  uint8_t unused[1];
  if (set_filter(fd, 0) != 0 || bind_to(fd, index, name) != 0) return -1;
  while (recv(fd, unused, sizeof unused, MSG_DONTWAIT) >= 0) continue;
  if (set_number(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES) != 0) return -1;
  if (set_number(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) != 0) return -1;
  if (set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOP_LIMIT) != 0) return -1;
  if (set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOP_LIMIT) != 0) return -1;
  if (set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) != 0) return -1;
  if (join_all_routers(fd, index) != 0) return -1;
  return set_filter(fd, 1);
}

int router_socket_open(uint32_t index, const uint8_t *name, size_t name_len) {
  char text[IFNAMSIZ] = {0};
  if (name_len == 0 || name_len >= sizeof text || index == 0) return -ENODEV;
  memcpy(text, name, name_len);
  int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
  if (fd < 0) return -errno;
  if (prepare(fd, index, text) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static uint8_t hop_limit_of(struct msghdr *header) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
    int value = 0;
    if (at->cmsg_level != IPPROTO_IPV6 || at->cmsg_type != IPV6_HOPLIMIT) continue;
    if (at->cmsg_len < CMSG_LEN(sizeof value)) continue;
    memcpy(&value, CMSG_DATA(at), sizeof value);
    return value > 0 && value <= 255 ? (uint8_t)value : 0;
  }
  return 0;
}

int router_socket_read(int fd, struct router_message *message) {
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct sockaddr_in6 from = {0};
  struct iovec part = {.iov_base = message->bytes, .iov_len = message->room};
  struct msghdr header = {
      .msg_name = &from,
      .msg_namelen = sizeof from,
      .msg_iov = &part,
      .msg_iovlen = 1,
      .msg_control = control.bytes,
      .msg_controllen = sizeof control.bytes,
  };
  ssize_t got;
  do got = recvmsg(fd, &header, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) return errno == EAGAIN ? 0 : -errno;
  message->len = (size_t)got;
  memcpy(message->from, from.sin6_addr.s6_addr, sizeof message->from);
  message->hop_limit = hop_limit_of(&header);
  return 1;
}

int router_socket_send(int fd, const struct router_route *route, const uint8_t *bytes, size_t len) {
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } control = {.bytes = {0}};
  struct in6_pktinfo source = {.ipi6_ifindex = route->index};
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = route->index};
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
  struct msghdr header = {
      .msg_name = &to,
      .msg_namelen = sizeof to,
      .msg_iov = &part,
      .msg_iovlen = 1,
      .msg_control = control.bytes,
      .msg_controllen = sizeof control.bytes,
  };
  memcpy(to.sin6_addr.s6_addr, route->to, 16);
  memcpy(source.ipi6_addr.s6_addr, route->from, 16);
  struct cmsghdr *info = CMSG_FIRSTHDR(&header);
  info->cmsg_level = IPPROTO_IPV6;
  info->cmsg_type = IPV6_PKTINFO;
  info->cmsg_len = CMSG_LEN(sizeof source);
  memcpy(CMSG_DATA(info), &source, sizeof source);
  return sendmsg(fd, &header, MSG_DONTWAIT) == (ssize_t)len ? 0 : -errno;
}
