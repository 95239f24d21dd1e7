// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "neighbor-reflex.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "neighbor-reflex-state.h"

static int start_thread(struct reflex *reflex) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all); /* signals are for JavaScript */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&reflex->thread, NULL, reflex_run, reflex);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) pthread_setname_np(reflex->thread, "neighbor-reflex");
  return -error;
}

static void free_claims(struct claims *claims) {
  free((void *)claims->table.keys); /* one allocation holds all arrays */
  free(claims->counts);
}

static void free_reflex(struct reflex *reflex) {
  while (reflex->ports) {
    struct port *port = reflex->ports;
    reflex->ports = port->next;
    close(port->fd);
    free(port);
  }
  if (reflex->epoll >= 0) close(reflex->epoll);
  if (reflex->wake >= 0) close(reflex->wake);
  for (int i = 0; i < REFLEX_PROTOCOLS; i++) free_claims(&reflex->claims[i]);
  pthread_mutex_destroy(&reflex->lock);
  free(reflex);
}

int reflex_open(struct reflex **out, uint32_t pause_ms, reflex_report report, void *context) {
  struct reflex *reflex = calloc(1, sizeof *reflex);
  if (!reflex) return -ENOMEM;
  pthread_mutex_init(&reflex->lock, NULL);
  reflex->pause_ns = (uint64_t)pause_ms * 1000000;
  reflex->beat_ns = reflex_now_ns();
  reflex->report = report;
  reflex->context = context;
  reflex->epoll = epoll_create1(EPOLL_CLOEXEC);
  reflex->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = REFLEX_WAKE};
  int error = 0;
  if (reflex->epoll < 0 || reflex->wake < 0 || epoll_ctl(reflex->epoll, EPOLL_CTL_ADD, reflex->wake, &event) != 0)
    error = -errno;
  if (error == 0) error = packet_permitted();
  if (error == 0) error = start_thread(reflex);
  if (error == 0)
    *out = reflex;
  else
    free_reflex(reflex);
  return error;
}

void reflex_close(struct reflex *reflex) {
  pthread_mutex_lock(&reflex->lock);
  reflex->stopping = true;
  pthread_mutex_unlock(&reflex->lock);
  eventfd_write(reflex->wake, 1);
  pthread_join(reflex->thread, NULL);
  free_reflex(reflex);
}

int reflex_attach(struct reflex *reflex, enum reflex_protocol protocol, const struct neighbor_port *id,
                  const packet_filter *filter) {
  struct port *port = malloc(sizeof *port);
  if (!port) return -ENOMEM;
  int fd = packet_open(REFLEX_SPOKEN[protocol].ethertype, id->ifindex, filter);
  if (fd < 0) {
    free(port);
    return fd;
  }
  *port = (struct port){.id = *id, .protocol = protocol, .fd = fd};
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = reflex_mark(protocol, id->ifindex)};
  pthread_mutex_lock(&reflex->lock);
  int error = reflex_find_port(reflex, event.data.u64) ? -EEXIST : 0;
  if (error == 0 && epoll_ctl(reflex->epoll, EPOLL_CTL_ADD, fd, &event) != 0) error = -errno;
  if (error == 0) {
    port->next = reflex->ports;
    reflex->ports = port;
  }
  pthread_mutex_unlock(&reflex->lock);
  if (error == 0) return 0;
  close(fd);
  free(port);
  return error;
}

int reflex_detach(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex) {
  pthread_mutex_lock(&reflex->lock);
  struct port **at = &reflex->ports;
  while (*at && ((*at)->protocol != protocol || (*at)->id.ifindex != ifindex)) at = &(*at)->next;
  struct port *port = *at;
  int fd = port ? port->fd : -ENODEV;
  if (port) {
    *at = port->next;
    epoll_ctl(reflex->epoll, EPOLL_CTL_DEL, fd, NULL);
  }
  pthread_mutex_unlock(&reflex->lock);
  free(port);
  return fd;
}

int reflex_set_filter(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex,
                      const packet_filter *filter) {
  pthread_mutex_lock(&reflex->lock);
  struct port *port = reflex_find_port(reflex, reflex_mark(protocol, ifindex));
  int fd = port ? port->fd : -1; /* only the caller's thread closes it */
  pthread_mutex_unlock(&reflex->lock);
  return fd < 0 ? -ENODEV : packet_set_filter(fd, filter);
}

/* Both tables ascend: one walk over both finds what stays. */
static void carry_counts(const struct claims *from, const struct neighbor_table *table, struct reflex_count *counts) {
  for (size_t i = 0, j = 0; i < table->len && j < from->table.len;) {
    int order = neighbor_compare(table, i, from->table.keys + j * table->key_bytes);
    if (order == 0)
      counts[i++] = from->counts[j++];
    else if (order < 0)
      i++;
    else
      j++;
  }
}

static void *copy_to(uint8_t **at, const void *from, size_t bytes) {
  void *start = *at;
  if (bytes > 0) memcpy(start, from, bytes);
  *at += bytes;
  return start;
}

size_t reflex_key_bytes(enum reflex_protocol protocol) { return REFLEX_SPOKEN[protocol].key_bytes; }

int reflex_swap(struct reflex *reflex, enum reflex_protocol protocol, const struct neighbor_table *table) {
  struct claims *claims = &reflex->claims[protocol];
  struct neighbor_table copy = *table;
  copy.key_bytes = REFLEX_SPOKEN[protocol].key_bytes;
  if (!neighbor_table_valid(&copy)) return -EINVAL;
  size_t numbers = copy.len * sizeof(uint32_t);
  size_t indexes = copy.ifindexes_len * sizeof(int32_t);
  uint8_t *memory = malloc(copy.len * copy.key_bytes + 2 * numbers + indexes + 1);
  struct reflex_count *counts = calloc(copy.len + 1, sizeof *counts);
  if (!memory || !counts) {
    free(memory);
    free(counts);
    return -ENOMEM;
  }
  copy.keys = copy_to(&memory, table->keys, copy.len * copy.key_bytes); /* a multiple of 4: the rest is aligned */
  copy.firsts = copy_to(&memory, table->firsts, numbers);
  copy.counts = copy_to(&memory, table->counts, numbers);
  copy.ifindexes = copy_to(&memory, table->ifindexes, indexes);
  pthread_mutex_lock(&reflex->lock);
  carry_counts(claims, &copy, counts);
  free_claims(claims);
  claims->table = copy;
  claims->counts = counts;
  pthread_mutex_unlock(&reflex->lock);
  return 0;
}

int reflex_send(struct reflex *reflex, enum reflex_protocol protocol, int32_t ifindex, const uint8_t *frame,
                size_t len) {
  pthread_mutex_lock(&reflex->lock);
  struct port *port = reflex_find_port(reflex, reflex_mark(protocol, ifindex));
  int error = port ? 0 : -ENODEV;
  /* After a pause this thread may run before the other one has noticed. */
  if (port) error = reflex_silent(reflex) ? -ECANCELED : packet_send(port->fd, frame, len);
  pthread_mutex_unlock(&reflex->lock);
  return error;
}

void reflex_confirm(struct reflex *reflex, uint64_t pause) {
  pthread_mutex_lock(&reflex->lock);
  reflex_silent(reflex); /* this thread may be the first to run after another pause */
  if (pause == reflex->pauses) reflex->suspended = false;
  pthread_mutex_unlock(&reflex->lock);
}

size_t reflex_read(struct reflex *reflex, enum reflex_protocol protocol, struct reflex_count *counts, size_t len,
                   uint64_t drops[NEIGHBOR_DROPS]) {
  const struct claims *claims = &reflex->claims[protocol];
  pthread_mutex_lock(&reflex->lock);
  size_t there = claims->table.len;
  if (there > 0) memcpy(counts, claims->counts, (len < there ? len : there) * sizeof *counts);
  memcpy(drops, claims->drops, sizeof claims->drops);
  pthread_mutex_unlock(&reflex->lock);
  return there;
}
