// SPDX-License-Identifier: Apache-2.0
/*
 * The BFD reflex: one thread that sends each session's packet on its interval, takes packets equal to the expected one
 * as a sign of life, and tells other packets and silence. It knows no policy and of the protocol no more than bfd.h.
 * Every function may be called from one other thread (the JavaScript one) at any time. Those that return int answer 0
 * (or the number of what they made) or -errno.
 */
#ifndef METALLB_BFD_REFLEX_H
#define METALLB_BFD_REFLEX_H

#include "bfd.h"

enum bfd_event_kind { BFD_PACKET, BFD_SILENCE, BFD_PAUSED, BFD_ECHO_SILENCE };

struct bfd_event {
  enum bfd_event_kind kind;
  int32_t socket;     /* packet */
  int32_t session;    /* silences; packet: -1 where no session has it */
  uint32_t orders;    /* silences: the number of the orders it was noticed under */
  uint64_t paused_ms; /* paused */
  int32_t ttl;        /* packet: that it arrived with, or -1; and all below */
  struct bfd_address from;
  uint32_t len;
  uint8_t bytes[BFD_MAX_BYTES];
};

struct bfd_reflex;
typedef bool (*bfd_report)(void *context, const struct bfd_event *event);

/*
 * Starts the thread. When it comes to run more than `late_ms` after the time it had asked for, that was a pause; 0
 * switches this off. `report` is called with the reflex locked, from either thread, so it must neither block nor call
 * back; where it answers false, silence and pauses are reported again.
 */
int bfd_open(struct bfd_reflex **out, uint32_t late_ms, bfd_report report, void *context);

/* Stops the thread, closes every socket and frees the reflex: nothing is sent after it returns. */
void bfd_close(struct bfd_reflex *reflex);

struct bfd_local {
  struct bfd_address at;
  int ttl;
  char device[BFD_DEVICE_BYTES]; /* an interface or VRF; empty: any */
};

/* Binds a UDP socket of the address's family (that of ::ffff:0:0/96 is IPv4). Returns its number or -errno. */
int bfd_open_socket(struct bfd_reflex *reflex, const struct bfd_local *local);
/* Closes its sessions as well. */
void bfd_close_socket(struct bfd_reflex *reflex, int32_t socket);

/* Where a session's own packets leave from. */
struct bfd_origin {
  bool has_source; /* a socket of its own, bound to `source` */
  uint8_t source[16];
  char device[BFD_DEVICE_BYTES]; /* only by this one, in both directions; empty: any */
};

/* Returns the session's number or -errno. It sends and expects nothing until it has orders. */
int bfd_open_session(struct bfd_reflex *reflex, const struct bfd_peer *peer, const struct bfd_origin *origin);
void bfd_close_session(struct bfd_reflex *reflex, int32_t session);

/* Whether an interface that it is bound to, or its socket, is gone: both stay bound to that, whatever has its name now. */
bool bfd_is_cut_off(struct bfd_reflex *reflex, int32_t session);

struct bfd_orders {
  uint32_t number;
  const uint8_t *packet; /* no bytes: nothing is sent */
  size_t packet_len;
  uint64_t interval_ns; /* before jitter; 0: nothing is sent on its own */
  uint32_t detect_mult;
  const uint8_t *expected; /* no bytes: every packet is told */
  size_t expected_len;
  uint64_t detect_ns; /* 0: silence is not told */
  bool now;           /* the packet goes out before this returns; else when its interval, old or new, is over */
};

int bfd_order(struct bfd_reflex *reflex, int32_t session, const struct bfd_orders *orders);

struct bfd_echo_orders {
  uint32_t number;
  uint64_t interval_ns; /* before jitter; 0: no echoes */
  uint64_t detect_ns;
};

/* After an error there are no echoes. */
int bfd_order_echo(struct bfd_reflex *reflex, int32_t session, const struct bfd_echo_orders *orders);

/* A descriptor that no session needs any more, for the caller to close (which takes milliseconds), or -1. */
int bfd_unused(struct bfd_reflex *reflex);

/* Sends a packet of its own beside the schedule. */
int bfd_send(struct bfd_reflex *reflex, int32_t session, const uint8_t *bytes, size_t len);

/* An event that `report` took has been dealt with: there is room for another. */
void bfd_taken(struct bfd_reflex *reflex, const struct bfd_event *event);

enum bfd_count { BFD_SENT, BFD_UNSENT, BFD_ACCEPTED, BFD_TOLD, BFD_TTL, BFD_FLOOD, BFD_OVERSIZED, BFD_INTERFACE, BFD_COUNTS };
void bfd_read(struct bfd_reflex *reflex, uint64_t counts[BFD_COUNTS]);

/* Of one session: control packets in and out, own echoes that came back and went out, the other side's sent back. */
enum bfd_session_count { BFD_CONTROL_IN, BFD_CONTROL_OUT, BFD_ECHO_IN, BFD_ECHO_OUT, BFD_LOOPED, BFD_SESSION_COUNTS };
void bfd_read_session(struct bfd_reflex *reflex, int32_t session, uint64_t counts[BFD_SESSION_COUNTS]);

#endif
