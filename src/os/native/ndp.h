// SPDX-License-Identifier: Apache-2.0
/*
 * What to answer to a Neighbor Solicitation (RFC 4861 §7, RFC 4862 §5.4), as pure functions over bytes and a table of
 * 16-byte keys. No socket, clock, memory allocation or thread: the fuzzer drives this file alone. ICMPv6 behind an
 * extension header is none to us: nobody sends these messages so.
 *
 *        0       6       12    14      18    20   21   22     38     54   55   56       58    62     78
 *        +-------+-------+-----+-------+-----+----+----+------+------+----+----+--------+-----+------+--------+
 *        |eth dst|eth src|86dd |6, flow|bytes|next|hop |source|desti-|type|code|checksum|flags|target|options |
 *        |       |       |     |       |below| 58 |255 |      |nation|    | 0  |        |     |      |        |
 *        +-------+-------+-----+-------+-----+----+----+------+------+----+----+--------+-----+------+--------+
 *   option: type (1: source, 2: target link-layer address) · its length in units of 8 bytes · value
 */
#ifndef METALLB_NDP_H
#define METALLB_NDP_H

#include "neighbor-table.h"

#define NDP_KEY_BYTES 16
#define NDP_ANSWER_BYTES 86

/* Index of the address that is asked for, with an advertisement of NDP_ANSWER_BYTES written to `out`; or a negative
 * neighbor_drop, with `out` untouched. */
long ndp_answer(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, uint8_t *out);

/* Index of the claimed address that this frame says is at its sender: advertised, about to be taken (duplicate address
 * detection), or asked from; with the sender's MAC. Negative if there is none. */
long ndp_sender(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, const uint8_t **mac);

#endif
