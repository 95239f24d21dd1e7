// SPDX-License-Identifier: Apache-2.0
/*
 * Echoes as bytes (RFC 5880 §6.4, RFC 5881 §4). Functions of their arguments, fuzzed like bfd.h. What an echo says is the
 * matter of who sends it; ours:
 *
 *        0         4               8                    16
 *        +---------+---------------+--------------------+-----------+
 *        |01180000 |discriminator  |number, unguessable |  zero     |
 *        +---------+---------------+--------------------+-----------+
 *
 * The first bytes and the length are those of other programs, which throw away what is shorter.
 */
#ifndef METALLB_BFD_ECHO_FRAME_H
#define METALLB_BFD_ECHO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BFD_ECHO_PORT 3785
#define BFD_ECHO_BYTES 24
#define BFD_ECHO_FRAME_BYTES (20 + 8 + BFD_ECHO_BYTES) /* with the headers of IPv4 and UDP */

void bfd_write_echo(uint8_t out[BFD_ECHO_BYTES], uint32_t discriminator, uint64_t number);

/* The number of what may be an echo of the session with this discriminator; 0: it is none. */
uint64_t bfd_echo_number(const uint8_t *bytes, size_t len, uint32_t discriminator);

/* A whole IPv4 packet from an address to itself, with TTL 255. */
void bfd_write_echo_frame(uint8_t out[BFD_ECHO_FRAME_BYTES], const uint8_t ipv4[4], const uint8_t echo[BFD_ECHO_BYTES]);

struct bfd_echo_frame {
  uint8_t from[4];
  uint8_t to[4];
  uint8_t ttl;
  size_t frame_len; /* without what the link has padded it with */
  const uint8_t *bytes;
  size_t len;
};

/* Reads an IPv4 packet; false: not a whole UDP datagram to the port of echoes. */
bool bfd_read_echo_frame(const uint8_t *frame, size_t len, struct bfd_echo_frame *out);

/* Takes one from the TTL of a packet that was read and has any, as a router does. */
void bfd_age_frame(uint8_t *frame);

#endif
