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

struct bfd_socket {
  int32_t id;
  int fd;
  bool ipv4;
  struct bfd_socket *next;
};

struct bfd_session {
  int32_t id;
  struct bfd_peer peer;
  uint32_t orders;
  uint64_t interval_ns;
  uint32_t detect_mult;
  uint64_t detect_ns;
  uint64_t send_at_ns;  /* or BFD_NEVER */
  uint64_t silent_at_ns; /* or BFD_NEVER */
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

/* All below with the lock held. */
struct bfd_socket *bfd_find_socket(const struct bfd_reflex *reflex, int32_t id);
struct bfd_session *bfd_find_session(const struct bfd_reflex *reflex, int32_t id);

/* Sends without waiting; 0 or -errno. */
int bfd_transmit(struct bfd_reflex *reflex, const struct bfd_session *session, const uint8_t *bytes, size_t len);

/* Whoever comes to run first after a pause notices it here, before anything else is done. */
void bfd_notice_pause(struct bfd_reflex *reflex);

/* Tells a pause that was noticed, unless the one before is still waiting to be dealt with. */
void bfd_tell_pause(struct bfd_reflex *reflex);

/* Sets the timer to what is due first; none, and the thread sleeps until it is called. */
void bfd_set_alarm(struct bfd_reflex *reflex);

/* The thread's body; its argument is the reflex. */
void *bfd_run(void *argument);

#endif
