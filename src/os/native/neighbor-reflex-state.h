// SPDX-License-Identifier: Apache-2.0
/* What the two halves of the reflex share: neighbor-reflex.c (called from JavaScript's thread) and neighbor-reflex-thread.c. */
#ifndef METALLB_NEIGHBOR_REFLEX_STATE_H
#define METALLB_NEIGHBOR_REFLEX_STATE_H

#include <pthread.h>

#include "neighbor-reflex.h"

#define REFLEX_WAKE UINT64_MAX /* marks the eventfd among the epoll events; ports are marked by reflex_mark */
#define REFLEX_ANSWER_BYTES 86 /* of the longest answer */

/* What differs from protocol to protocol. */
struct protocol {
  uint16_t ethertype;
  size_t key_bytes;
  size_t answer_bytes;
  long (*answer)(const struct neighbor_table *, const struct neighbor_port *, const struct neighbor_frame *,
                 uint8_t *out);
  long (*sender)(const struct neighbor_table *, const struct neighbor_port *, const struct neighbor_frame *,
                 const uint8_t **mac);
};

extern const struct protocol REFLEX_SPOKEN[REFLEX_PROTOCOLS];

struct port {
  struct neighbor_port id;
  enum reflex_protocol protocol;
  int fd;
  bool went_down; /* and that is not reported yet */
  struct port *next;
};

/* What a protocol answers for, and how often it did. */
struct claims {
  struct neighbor_table table;
  struct reflex_count *counts;
  uint64_t drops[NEIGHBOR_DROPS];
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
  struct claims claims[REFLEX_PROTOCOLS];
  struct port *ports;
  reflex_report report;
  void *context;
};

/* Nanoseconds since boot, those asleep included. */
uint64_t reflex_now_ns(void);

static inline uint64_t reflex_mark(enum reflex_protocol protocol, int32_t ifindex) {
  return (uint64_t)protocol << 32 | (uint32_t)ifindex;
}

/* With the lock held: the port that is marked so, or NULL. */
struct port *reflex_find_port(struct reflex *reflex, uint64_t mark);

/* With the lock held, before anything is sent: finds out whether the process has just been stopped longer than
 * anybody would wait for it, and says whether to stay silent. */
bool reflex_silent(struct reflex *reflex);

/* The thread's body; its argument is the reflex. */
void *reflex_run(void *argument);

#endif
