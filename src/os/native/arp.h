// SPDX-License-Identifier: Apache-2.0
/*
 * What to answer to an ARP frame (RFC 826, RFC 5227), as pure functions over bytes and a table of 4-byte keys.
 * No socket, clock, memory allocation or thread: the fuzzer drives this file alone.
 *
 *        0         6         12    14    16    18    19    20    22        28    32        38    42
 *        +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 *        |eth dst  |eth src  |0806 |htype|ptype|hlen |plen |oper |sender hw|spa  |target hw|tpa  |
 *        +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 */
#ifndef METALLB_ARP_H
#define METALLB_ARP_H

#include "neighbor-table.h"

#define ARP_KEY_BYTES 4
#define ARP_FRAME_BYTES 42

/* Index of the address that is asked for, with the reply of ARP_FRAME_BYTES written to `out`; or a negative
 * neighbor_drop, with `out` untouched. */
long arp_answer(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, uint8_t *out);

/* Index of the claimed address that this frame names as its sender, with that sender's MAC; or negative. */
long arp_sender(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, const uint8_t **mac);

#endif
