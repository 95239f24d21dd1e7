// SPDX-License-Identifier: Apache-2.0
/*
 * What ARP and neighbour discovery share: the claimed addresses, our end of a link, a frame that came in, and why it
 * got no answer. Pure functions over memory; the fuzzers drive this with arp.c and ndp.c.
 */
#ifndef METALLB_NEIGHBOR_TABLE_H
#define METALLB_NEIGHBOR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEIGHBOR_EVERYWHERE UINT32_MAX

/* src/os/neighbor-reflex.ts names them in this order. Zero is unused: drops are returned negative. */
enum neighbor_drop {
  DROP_OPERATION = 1,    /* nothing that asks */
  DROP_DESTINATION,      /* sent to another MAC address, or to another group than its question belongs to */
  DROP_NOT_ANNOUNCED,    /* not our address */
  DROP_NOT_ON_INTERFACE, /* ours, but not on this link */
  DROP_MALFORMED,        /* not what the EtherType promises, cut off, or of a VLAN */
  DROP_SUSPENDED,        /* counted by the reflex, never returned by a parser */
  DROP_HOP_LIMIT,        /* not 255: may have come through a router */
  DROP_CHECKSUM,
  DROP_OPTION, /* length 0 or past the end, or no Ethernet address in it */
  DROP_SOURCE, /* an asker who cannot be: a group, or nobody yet with a link-layer address */
  NEIGHBOR_DROPS
};

/*
 * The claimed addresses as on the wire, strictly ascending, `key_bytes` each. Address i is answered on the interfaces
 * ifindexes[firsts[i]] … (counts[i] of them), or on all if firsts[i] is NEIGHBOR_EVERYWHERE.
 */
struct neighbor_table {
  const uint8_t *keys;
  size_t key_bytes;
  const uint32_t *firsts;
  const uint32_t *counts;
  size_t len;
  const int32_t *ifindexes;
  size_t ifindexes_len;
};

/* Our end of one link. */
struct neighbor_port {
  int32_t ifindex;
  uint8_t mac[6];
};

struct neighbor_frame {
  const uint8_t *bytes;
  size_t len;
  bool other_host; /* the kernel says it is for another host: wrong MAC, or an 802.1Q tag it has taken off */
};

/* Whether the arrays are strictly ascending and point inside each other; nothing else may be given to a parser. */
bool neighbor_table_valid(const struct neighbor_table *table);

/* Where the keys ascend: below, at or above 0, as memcmp. */
int neighbor_compare(const struct neighbor_table *table, size_t index, const uint8_t *key);

/* Index of an address in the table, or -1. */
long neighbor_find(const struct neighbor_table *table, const uint8_t *key);

/* Index of an address that is answered on this interface; or a negative neighbor_drop. */
long neighbor_find_on(const struct neighbor_table *table, const uint8_t *key, int32_t ifindex);

#endif
