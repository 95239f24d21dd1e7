// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536   /* the kernel fills a dump's datagrams up to 32 KiB */
#define DISCARD_LIMIT 1024 /* what is left then makes the socket readable again */
#define ADDRESS_LIMIT 64   /* a node may have thousands, as where kube-proxy gives each Service's to a link of its own */

static int netlink_open(int flags, uint32_t groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) return -errno;
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static int request_links(int fd) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg body;
    struct rtattr mask;
    uint32_t skip;
  } request = {
      .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .mask = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
      .skip = RTEXT_FILTER_SKIP_STATS,
  };
  return send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request ? 0 : -errno;
}

static int request_addresses(int fd) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg body;
  } request = {
      .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .body = {.ifa_family = AF_UNSPEC},
  };
  return send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request ? 0 : -errno;
}

/* Of which link and family the last addresses were, which come together, and how many. */
struct run {
  uint32_t index;
  uint8_t family;
  int count;
};

/* Links, and of each the link-local IPv6 addresses and the first of the others in each family. */
static int is_wanted(const struct nlmsghdr *message, struct run *run) {
  if (message->nlmsg_type == RTM_NEWLINK) return 1;
  if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg))) return 0;
  const struct ifaddrmsg *address = NLMSG_DATA(message);
  if (address->ifa_family != AF_INET && address->ifa_family != AF_INET6) return 0;
  if (address->ifa_family == AF_INET6 && address->ifa_scope == RT_SCOPE_LINK) return 1;
  if (address->ifa_index != run->index || address->ifa_family != run->family)
    *run = (struct run){.index = address->ifa_index, .family = address->ifa_family};
  return run->count < ADDRESS_LIMIT && ++run->count;
}

/* How a dump ended: 1, or the -errno that cut it short. */
static int dump_result(const struct nlmsghdr *done) {
  int result = 0;
  if (done->nlmsg_len >= NLMSG_LENGTH(sizeof result)) memcpy(&result, NLMSG_DATA(done), sizeof result);
  return result < 0 ? result : 1;
}

/* Copies what is wanted of one datagram. Returns 1 at the end of the dump, 0 for more to come, or -errno. */
static int take(const uint8_t *datagram, int left, struct run *run, uint8_t **out, size_t *out_len) {
  uint8_t *grown = realloc(*out, *out_len + (size_t)left + NLMSG_ALIGNTO);
  if (!grown) return -ENOMEM;
  *out = grown;
  for (const struct nlmsghdr *at = (const void *)datagram; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
    if (at->nlmsg_type == NLMSG_DONE) return dump_result(at);
    if (at->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(at))->error;
    if (!is_wanted(at, run)) continue;
    memcpy(*out + *out_len, at, at->nlmsg_len);
    *out_len += NLMSG_ALIGN(at->nlmsg_len);
  }
  return 0;
}

static int read_dump(int fd, int (*request)(int), uint8_t **out, size_t *len) {
  uint8_t *datagram = malloc(READ_BYTES);
  if (!datagram) return -ENOMEM;
  struct run run = {0};
  int state = request(fd);
  while (state == 0) {
    ssize_t got = recv(fd, datagram, READ_BYTES, 0);
    if (got < 0 && errno == EINTR) continue;
    state = got < 0 ? -errno : take(datagram, (int)got, &run, out, len);
  }
  free(datagram);
  return state < 0 ? state : 0;
}

int netlink_dump_links(uint8_t **out, size_t *len) {
  *out = NULL;
  *len = 0;
  int fd = netlink_open(0, 0);
  if (fd < 0) return fd;
  int error = read_dump(fd, request_links, out, len);
  if (error == 0) error = read_dump(fd, request_addresses, out, len);
  close(fd);
  if (error == 0) return 0;
  free(*out);
  *out = NULL;
  return error;
}

int netlink_watch_links(void) { return netlink_open(SOCK_NONBLOCK, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR); }

void netlink_discard(int fd) {
  uint8_t unused[1];
  for (int i = 0; i < DISCARD_LIMIT; i++)
    if (recv(fd, unused, sizeof unused, MSG_DONTWAIT) < 0 && errno == EAGAIN) return;
}
