// SPDX-License-Identifier: Apache-2.0
/*
 * The neighbour reflex: one thread that answers ARP requests and neighbour solicitations for claimed addresses however
 * busy JavaScript is.
 * It knows no policy. Every function may be called from one other thread (the JavaScript one) at any time.
 * Functions that return int answer 0 or -errno.
 */
#ifndef METALLB_NEIGHBOR_REFLEX_H
#define METALLB_NEIGHBOR_REFLEX_H

#include "neighbor-table.h"
#include "packet-socket.h"

#define REFLEX_KEY_BYTES 16 /* of the longest address */

/* As src/os/neighbor-protocol.ts numbers them. */
enum reflex_protocol { REFLEX_ARP, REFLEX_NDP, REFLEX_PROTOCOLS };

/* REFLEX_LINK_DOWN: an attached link went down or away. It may be back, without its memberships. */
enum reflex_event_kind { REFLEX_SUSPENDED, REFLEX_CONFLICT, REFLEX_LINK_DOWN };

struct reflex_event {
  enum reflex_event_kind kind;
  uint64_t paused_ms;            /* suspended */
  uint64_t pause;                /* its number, for reflex_confirm */
  uint8_t key[REFLEX_KEY_BYTES]; /* conflict: the address */
  size_t key_bytes;
  int32_t ifindex; /* conflict, link down */
  uint8_t mac[6];
};

struct reflex_count {
  uint64_t requests;
  uint64_t replies;
};

struct reflex;
typedef bool (*reflex_report)(void *context, const struct reflex_event *event);

/*
 * Starts the thread. `pause_ms` 0 switches the pause guard off. `report` is called with the
 * reflex locked, so it must neither block nor call back; where it answers false, a suspension is reported again.
 */
int reflex_open(struct reflex **out, uint32_t pause_ms, reflex_report report, void *context);

/* Stops the thread, closes every socket and frees the reflex: nothing is answered after it returns. */
void reflex_close(struct reflex *reflex);

/* A link is attached for each protocol on its own, with a socket and a filter of its own. */
int reflex_attach(struct reflex *reflex, enum reflex_protocol protocol, const struct neighbor_port *port,
                  const packet_filter *filter);
/* Answers the socket, which is out of use, to be closed: that takes the kernel some 10 ms, where the caller can wait. */
int reflex_detach(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex);
int reflex_set_filter(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex,
                      const packet_filter *filter);

/* Replaces a protocol's table by a copy of `table` between two frames; counters of addresses that stay go on. The caller
 * leaves `key_bytes` to the protocol: `keys` holds as many for each of `len` addresses. */
int reflex_swap(struct reflex *reflex, enum reflex_protocol protocol, const struct neighbor_table *table);
size_t reflex_key_bytes(enum reflex_protocol protocol);

/* Sends a frame of our own; -ECANCELED while suspended. */
int reflex_send(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex, const uint8_t *frame,
                size_t len);

/* Ends the suspension with this number, unless the process has been paused again since. */
void reflex_confirm(struct reflex *reflex, uint64_t pause);

/* Copies the counters of the first `len` addresses of a protocol's table, in its order, and the protocol's drops. Returns
 * how many addresses there are. */
size_t reflex_read(struct reflex *reflex, enum reflex_protocol protocol, struct reflex_count *counts, size_t len,
                   uint64_t drops[NEIGHBOR_DROPS]);

#endif
