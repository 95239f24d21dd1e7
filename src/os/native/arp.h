// SPDX-License-Identifier: Apache-2.0
/*
 * What to answer to an ARP frame (RFC 826, RFC 5227), as pure functions over bytes and a table.
 * No socket, clock, memory allocation or thread: the fuzzer drives this file alone.
 *
 *        0         6        12    14    16    18    19    20    22        28    32        38    42
 *        +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 *        |eth dst  |eth src  |0806 |htype|ptype|hlen |plen |oper |sender hw|spa  |target hw|tpa  |
 *        +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 */
#ifndef METALLB_ARP_H
#define METALLB_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARP_FRAME_BYTES 42
#define ARP_EVERYWHERE UINT32_MAX

/* Why a frame got no answer; src/os/arp-reflex.ts names them in this order. Zero is unused: drops are returned negative. */
enum arp_drop {
  ARP_OPERATION = 1,
  ARP_DESTINATION,
  ARP_NOT_ANNOUNCED,
  ARP_NOT_ON_INTERFACE,
  ARP_MALFORMED,
  ARP_SUSPENDED, /* counted by the reflex, never returned from here */
  ARP_DROPS
};

/*
 * The claimed addresses, strictly ascending, in host byte order. Address i is answered on the interfaces
 * ifindexes[firsts[i]] … (counts[i] of them), or on all if firsts[i] is ARP_EVERYWHERE.
 */
struct arp_table {
  const uint32_t *ips;
  const uint32_t *firsts;
  const uint32_t *counts;
  size_t len;
  const int32_t *ifindexes;
  size_t ifindexes_len;
};

/* Our end of one link. */
struct arp_port {
  int32_t ifindex;
  uint8_t mac[6];
};

struct arp_frame {
  const uint8_t *bytes;
  size_t len;
  bool other_host; /* the kernel says it is for another host: wrong MAC, or an 802.1Q tag it has taken off */
};

/* Whether the arrays are strictly ascending and point inside each other; nothing else may be given to the functions below. */
bool arp_table_valid(const struct arp_table *table);

/* Index of an address in the table, or -1. */
long arp_find(const struct arp_table *table, uint32_t ip);

/* Index of the address that is asked for, with the reply written to `out`; or a negative arp_drop, with `out` untouched. */
long arp_answer(const struct arp_table *table, const struct arp_port *port, const struct arp_frame *frame,
                uint8_t out[ARP_FRAME_BYTES]);

/* Index of the claimed address that this frame names as its sender, or -1. The sender's MAC is at frame->bytes + 22. */
long arp_sender(const struct arp_table *table, const struct arp_port *port, const struct arp_frame *frame);

#endif
