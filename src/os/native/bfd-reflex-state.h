// SPDX-License-Identifier: Apache-2.0
/* What the two halves of the reflex share: bfd-reflex.c (called from JavaScript's thread) and bfd-reflex-thread.c. */
#ifndef METALLB_BFD_REFLEX_STATE_H
#define METALLB_BFD_REFLEX_STATE_H

#include <pthread.h>

#include "bfd-reflex.h"

/* Marks among the epoll events; sockets are marked by their number. */
#define BFD_WAKE UINT64_MAX
#define BFD_TIMER (UINT64_MAX - 1)
#define BFD_NEVER UINT64_MAX

/* Told packets that JavaScript has not dealt with yet. Each session has its own share, so that no stranger's flood
 * keeps its news away; silence and pauses are few by nature. */
#define BFD_WAITING_OF_SESSION 8
#define BFD_WAITING_OF_STRANGERS 64

/* BFD_TAP is a packet socket: IPv4 echoes have the address of who sent them as destination, and Linux hands no program
 * a packet with its own address as source. */
enum bfd_socket_kind { BFD_CONTROL, BFD_ECHO, BFD_TAP };

struct bfd_socket {
  int32_t id;
  int fd;
  enum bfd_socket_kind kind;
  struct bfd_local local;
  int32_t owner;    /* echo: the control socket whose sessions it serves, and is closed with */
  uint32_t ifindex; /* tap */
  struct bfd_socket *next;
};

/* Waits for signs of life. */
struct bfd_watch {
  uint64_t detect_ns;    /* 0: not at all */
  uint64_t heard_ns;     /* the last one, or since when it waits */
  uint64_t silent_at_ns; /* or BFD_NEVER */
};

/* Echoes of ours that may still come back. */
#define BFD_AWAITED 16

struct bfd_echo {
  uint32_t orders;
  uint64_t interval_ns; /* 0: none */
  uint64_t send_at_ns; /* or BFD_NEVER */
  struct bfd_watch watch;
  uint64_t awaited[BFD_AWAITED]; /* their secret numbers; 0: none */
  uint32_t sent;
  struct bfd_window looped;
  uint8_t mac[6];             /* that the last one came back from */
  uint64_t mac_ns;            /* when that was; 0: none has */
  bool forwards;              /* the kernel sends the other side's back */
  uint64_t forwards_asked_ns; /* when that was asked for */
};

struct bfd_session {
  int32_t id;
  struct bfd_peer peer;
  int fd;            /* its own socket, or -1 */
  uint16_t port;     /* of that */
  uint8_t source[16]; /* that it is bound to */
  uint32_t scope;    /* the interface that packets have to leave by; 0: any */
  uint32_t ifindex;  /* by which its last packet came; 0: none has */
  struct bfd_echo echo;
  uint64_t counts[BFD_SESSION_COUNTS];
  uint32_t orders;
  uint64_t interval_ns;
  uint32_t detect_mult;
  uint64_t send_at_ns; /* or BFD_NEVER */
  struct bfd_watch watch;
  struct bfd_window told;
  uint32_t waiting;
  size_t packet_len;
  size_t expected_len;
  uint8_t packet[BFD_MAX_BYTES];
  uint8_t expected[BFD_MAX_BYTES];
  struct bfd_session *next;
};

struct bfd_reflex {
  pthread_t thread;
  pthread_mutex_t lock; /* guards everything below; held for a batch of packets or a call, never while waiting */
  int epoll;
  int wake;
  int timer;
  bool stopping;
  int32_t last_id;
  uint64_t late_ns;
  uint64_t alarm_ns;  /* what the timer is set to, or BFD_NEVER */
  uint64_t paused_ms; /* that nobody was told of yet */
  bool pause_waiting; /* JavaScript has not dealt with the last one */
  uint64_t random;
  struct bfd_strangers strangers;
  uint32_t strangers_waiting;
  uint64_t counts[BFD_COUNTS];
  struct bfd_socket *sockets;
  struct bfd_session *sessions;
  bfd_report report;
  void *context;
};

/* Nanoseconds since boot, those asleep included. */
uint64_t bfd_now_ns(void);

/* A sign of life, or new orders: the deadline is counted from now. */
void bfd_expect(struct bfd_watch *watch, uint64_t now_ns);

/* All below with the lock held. */
struct bfd_socket *bfd_find_socket(const struct bfd_reflex *reflex, int32_t id);
struct bfd_session *bfd_find_session(const struct bfd_reflex *reflex, int32_t id);

bool bfd_is_ipv4(const uint8_t ip[16]);

/* A bound UDP socket or -errno. */
int bfd_bind_udp(const struct bfd_local *local);
/* Gives a session a socket of its own, as RFC 5881 §4 wants it; 0 or -errno. */
int bfd_bind_source(struct bfd_reflex *reflex, struct bfd_session *session, const struct bfd_local *local);
/* Adds a socket that is open to those which are listened to; 0 or -errno. */
int bfd_add_socket(struct bfd_reflex *reflex, struct bfd_socket *socket);

/* A datagram as recvmsg gave it, in `bytes` of BFD_MAX_BYTES: 1, or 0 for one to be passed over, or -1 for no more. */
int bfd_receive(struct bfd_reflex *reflex, const struct bfd_socket *socket, uint8_t *bytes, struct bfd_arrival *arrival);

/* Where a datagram is to go. With an interface or TTL of its own it also has a source of its own; zeros: any. */
struct bfd_route {
  struct bfd_address to;
  uint32_t scope; /* for a link-local `to` */
  uint32_t ifindex;
  int ttl;
  uint8_t source[16];
};
int bfd_send_by(int fd, const struct bfd_route *route, const uint8_t *bytes, size_t len);

/* Sends without waiting; 0 or -errno. */
int bfd_transmit(struct bfd_reflex *reflex, struct bfd_session *session, const uint8_t *bytes, size_t len);

/* Opens what the session's echoes need and is not open yet; 0 or -errno. */
int bfd_prepare_echo(struct bfd_reflex *reflex, struct bfd_session *session);
void bfd_send_echo(struct bfd_reflex *reflex, struct bfd_session *session, uint64_t now_ns);
/* Deals with what has arrived on an echo socket or tap, up to `limit` packets; whether that was all. */
bool bfd_serve_echo(struct bfd_reflex *reflex, const struct bfd_socket *socket, int limit);

/* Whoever comes to run first after a pause notices it here, before anything else is done. */
void bfd_notice_pause(struct bfd_reflex *reflex);

/* Tells a pause that was noticed, unless the one before is still waiting to be dealt with. */
void bfd_tell_pause(struct bfd_reflex *reflex);

/* Sets the timer to what is due first; none, and the thread sleeps until it is called. */
void bfd_set_alarm(struct bfd_reflex *reflex);

/* The thread's body; its argument is the reflex. */
void *bfd_run(void *argument);

#endif
