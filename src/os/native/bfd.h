// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the BFD reflex that are functions of their arguments: whose packet it is, whether it is the expected
 * one, how long to wait before the next, how much a source may tell. No socket, clock, memory allocation or thread: the
 * fuzzer drives this file alone. Of the protocol it knows where the discriminator is that the packet is sent to:
 *
 *        0    1    2    3    4                  8                   12
 *        +----+----+----+----+------------------+-------------------+----
 *        |         not ours  |my discriminator  |your discriminator | …
 *        +----+----+----+----+------------------+-------------------+----
 */
#ifndef METALLB_BFD_H
#define METALLB_BFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BFD_MAX_BYTES 256  /* the protocol's own length field goes no further */
#define BFD_TOLD_PER_SECOND 100 /* by one source; a flood must not keep JavaScript busy */
#define BFD_STRANGERS_PER_SECOND 1000 /* by all sources that no session has, together */
#define BFD_SLOTS 256

/* An IPv4 address is ::ffff:a.b.c.d here. The port is in host byte order. */
struct bfd_address {
  uint8_t ip[16];
  uint16_t port;
};

#define BFD_DEVICE_BYTES 16 /* a name of an interface, its end included */

/* The other end of a session. */
struct bfd_peer {
  int32_t socket;
  struct bfd_address to;
  int32_t remote_port;    /* what it sends from; negative: any */
  uint32_t discriminator; /* ours, which it repeats once it knows it */
  int32_t min_ttl;
  uint32_t ifindex; /* what it comes by; 0: any */
};

struct bfd_arrival {
  int32_t socket;
  struct bfd_address from;
  uint8_t to[16];
  int32_t ttl;
  uint32_t ifindex;
  const uint8_t *bytes;
  size_t len;
};

/* Whether a packet belongs to the session with this peer. TTL and interface are not looked at. */
bool bfd_is_for(const struct bfd_peer *peer, const struct bfd_arrival *arrival);

/* Whether it comes by an interface that the session with this peer may be heard by. */
bool bfd_is_by(const struct bfd_peer *peer, uint32_t ifindex);

/* Whether a packet of the session is the expected one; nothing equals an expectation of no bytes. */
bool bfd_is_expected(const struct bfd_arrival *arrival, const uint8_t *expected, size_t len);

/* The next of a sequence of 64-bit numbers that look random (xorshift64*); `state` must not be 0. */
uint64_t bfd_random(uint64_t *state);

/*
 * Where many sessions keep the thread awake it rests for so long after each turn, and deals with all that came and comes
 * due meanwhile at once: to wake up costs more than a packet does. A packet may go out as much early, or late.
 */
#define BFD_REST_NS 3000000ull

/* How much early or late a packet may go out: short intervals leave no room for it. */
uint64_t bfd_slack_ns(uint64_t interval_ns);

/*
 * RFC 5880 §6.8.7: an interval less 0 to 25 % of it, 10 to 25 % with a detect multiplier of 1, be the packet early or late
 * by its slack. Never less than 1 ms.
 */
uint64_t bfd_turn_ns(uint64_t interval_ns, uint32_t detect_mult, uint64_t random);

/* Counts one second's events. Zeroed memory is a fresh one. */
struct bfd_window {
  uint64_t since_ns;
  uint32_t count;
};

/* Whether one more event is within `limit` a second. */
bool bfd_within(struct bfd_window *window, uint32_t limit, uint64_t now_ns);

/* For sources that no session has: they share slots by a hash that they cannot know. */
struct bfd_strangers {
  uint64_t secret;
  struct bfd_window all;
  struct bfd_window slots[BFD_SLOTS];
};

bool bfd_stranger_within(struct bfd_strangers *strangers, const struct bfd_address *from, uint64_t now_ns);

#endif
