// SPDX-License-Identifier: Apache-2.0
/* What the two halves of the reflex share: arp-reflex.c (called from JavaScript's thread) and arp-reflex-thread.c. */
#ifndef METALLB_ARP_REFLEX_STATE_H
#define METALLB_ARP_REFLEX_STATE_H

#include <pthread.h>

#include "arp-reflex.h"

#define REFLEX_WAKE UINT64_MAX /* marks the eventfd among the epoll events; ports are marked by their interface index */

struct port {
  struct arp_port id;
  int fd;
  struct port *next;
};

struct reflex {
  pthread_t thread;
  pthread_mutex_t lock; /* guards everything below; held for a batch of frames or a swap, never while waiting */
  int epoll;
  int wake;
  bool stopping;
  bool suspended;
  uint64_t pause_ns;
  uint64_t pauses;    /* so far; the number of the last one */
  uint64_t paused_ms; /* how long it took */
  uint64_t told;      /* number of the last pause that was reported */
  uint64_t beat_ns; /* when the thread last knew that it was running */
  uint64_t conflicts_since_ns;
  unsigned conflicts;
  struct arp_table table;
  struct reflex_count *counts;
  uint64_t drops[ARP_DROPS];
  struct port *ports;
  reflex_report report;
  void *context;
};

/* Nanoseconds since boot, those asleep included. */
uint64_t reflex_now_ns(void);

/* With the lock held: */
struct port *reflex_find_port(struct reflex *reflex, int32_t ifindex);

/* With the lock held, before anything is sent: finds out whether the process has just been stopped longer than
 * anybody would wait for it, and says whether to stay silent. */
bool reflex_silent(struct reflex *reflex);

/* The thread's body; its argument is the reflex. */
void *reflex_run(void *argument);

#endif
