// SPDX-License-Identifier: Apache-2.0
/* A raw socket for router solicitations and advertisements on one interface (RFC 4861, RFC 3542). */
#ifndef METALLB_ROUTER_SOCKET_H
#define METALLB_ROUTER_SOCKET_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens a non-blocking socket that gets both sorts of messages from this interface and no others, with hop limit 255 on
 * what it sends and without what it sends itself. `name` need not end in 0. Returns the descriptor or -errno.
 */
int router_socket_open(uint32_t index, const uint8_t *name, size_t name_len);

struct router_message {
  uint8_t *bytes; /* where the message goes, from the ICMPv6 header on */
  size_t room;    /* a longer one is cut off */
  size_t len;
  uint8_t from[16];
  uint8_t hop_limit; /* 0: the kernel did not say */
};

/* Takes the next message, whose checksum the kernel has found right. Returns 1, 0 when none waits, or -errno. */
int router_socket_read(int fd, struct router_message *message);

struct router_route {
  uint32_t index;
  const uint8_t *from;
  const uint8_t *to;
};

/* Sends a message; the kernel writes the checksum. Returns 0 or -errno. */
int router_socket_send(int fd, const struct router_route *route, const uint8_t *bytes, size_t len);

#endif
