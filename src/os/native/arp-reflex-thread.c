// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "arp-reflex-state.h"

#define BATCH 64                /* frames of one port before the others get their turn */
#define DRAIN_LIMIT 4096        /* more than a receive buffer holds: a flood cannot keep us here */
#define CONFLICTS_PER_SECOND 10 /* a flood must not wake JavaScript more often */
#define SECOND_NS 1000000000ull

uint64_t reflex_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
  return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

struct port *reflex_find_port(struct reflex *reflex, int32_t ifindex) {
  for (struct port *port = reflex->ports; port; port = port->next)
    if (port->id.ifindex == ifindex) return port;
  return NULL;
}

/* Throws away what came in before now: somebody else may own our addresses since. */
static void drain(struct reflex *reflex) {
  uint8_t unused[1];
  for (struct port *port = reflex->ports; port; port = port->next)
    for (int i = 0; i < DRAIN_LIMIT && recv(port->fd, unused, sizeof unused, MSG_DONTWAIT) >= 0; i++)
      reflex->drops[ARP_SUSPENDED]++;
}

bool reflex_silent(struct reflex *reflex) {
  uint64_t now = reflex_now_ns();
  uint64_t gap = now - reflex->beat_ns;
  if (reflex->pause_ns > 0 && gap > reflex->pause_ns) {
    reflex->suspended = true;
    reflex->beat_ns = now;
    reflex->pauses++;
    reflex->paused_ms = gap / 1000000;
    drain(reflex);
  }
  if (reflex->told != reflex->pauses) {
    struct reflex_event event = {.kind = REFLEX_SUSPENDED, .paused_ms = reflex->paused_ms, .pause = reflex->pauses};
    if (reflex->report(reflex->context, &event)) reflex->told = reflex->pauses;
  }
  return reflex->suspended;
}

static void report_conflict(struct reflex *reflex, const struct port *port, const struct arp_frame *frame) {
  long index = arp_sender(&reflex->table, &port->id, frame);
  if (index < 0) return;
  struct reflex_event event = {.kind = REFLEX_CONFLICT, .ip = reflex->table.ips[index], .ifindex = port->id.ifindex};
  memcpy(event.mac, frame->bytes + 22, 6);
  for (struct port *own = reflex->ports; own; own = own->next)
    if (memcmp(own->id.mac, event.mac, 6) == 0) return;
  if (reflex_now_ns() - reflex->conflicts_since_ns > SECOND_NS) {
    reflex->conflicts_since_ns = reflex_now_ns();
    reflex->conflicts = 0;
  }
  if (reflex->conflicts++ < CONFLICTS_PER_SECOND) reflex->report(reflex->context, &event);
}

static void answer(struct reflex *reflex, const struct port *port, const struct arp_frame *frame) {
  uint8_t reply[ARP_FRAME_BYTES];
  long index = arp_answer(&reflex->table, &port->id, frame, reply);
  if (index < 0) {
    reflex->drops[-index]++;
  } else {
    reflex->counts[index].requests++;
    if (packet_send(port->fd, reply, sizeof reply) == 0) reflex->counts[index].replies++;
  }
  report_conflict(reflex, port, frame);
}

static void serve(struct reflex *reflex, const struct port *port) {
  for (int i = 0; i < BATCH; i++) {
    uint8_t bytes[64]; /* ARP needs 42; the rest of a longer frame is padding */
    struct sockaddr_ll from = {0};
    socklen_t from_len = sizeof from;
    ssize_t len = recvfrom(port->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    if (len < 0 && errno == EINTR) continue;
    if (len < 0) return; /* EAGAIN: done. ENETDOWN: reading it has cleared it, and the kernel hooks us in again on UP */
    if (reflex_silent(reflex)) {
      reflex->drops[ARP_SUSPENDED]++;
      continue;
    }
    reflex->beat_ns = reflex_now_ns();
    struct arp_frame frame = {bytes, (size_t)len, from.sll_pkttype == PACKET_OTHERHOST};
    answer(reflex, port, &frame);
  }
}

/*
 * The kernel does not hook us in again on an interface that was removed and made anew with its old index and MAC address,
 * or that has been to another network namespace; and JavaScript may see no difference. Where all is well, binding again
 * changes nothing.
 */
static void rebind(struct reflex *reflex, uint64_t *last_ns) {
  if (reflex->beat_ns - *last_ns < SECOND_NS) return;
  *last_ns = reflex->beat_ns;
  for (struct port *port = reflex->ports; port; port = port->next) packet_bind(port->fd, ETH_P_ARP, port->id.ifindex);
}

void *reflex_run(void *argument) {
  struct reflex *reflex = argument;
  /* Four beats per limit: the guard cannot mistake an idle wire for a pause. An idle wire alone wakes nobody. */
  int wait_ms = reflex->pause_ns > 0 ? (int)(reflex->pause_ns / 4000000) + 1 : -1;
  struct epoll_event events[16];
  uint64_t rebound_ns = 0;
  for (bool stopping = false; !stopping;) {
    int ready = epoll_wait(reflex->epoll, events, 16, wait_ms);
    pthread_mutex_lock(&reflex->lock);
    reflex_silent(reflex);
    reflex->beat_ns = reflex_now_ns();
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u64 == REFLEX_WAKE) continue;
      struct port *port = reflex_find_port(reflex, (int32_t)events[i].data.u64); /* gone if detached since */
      if (port) serve(reflex, port);
    }
    rebind(reflex, &rebound_ns);
    stopping = reflex->stopping;
    pthread_mutex_unlock(&reflex->lock);
  }
  return NULL;
}
