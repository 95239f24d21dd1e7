// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "arp.h"
#include "ndp.h"
#include "neighbor-reflex-state.h"

#define BATCH 64                /* frames of one port before the others get their turn */
#define DRAIN_LIMIT 4096        /* more than a receive buffer holds: a flood cannot keep us here */
#define CONFLICTS_PER_SECOND 10 /* a flood must not wake JavaScript more often */
#define SECOND_NS 1000000000ull
#define FRAME_BYTES 1514 /* what is longer is cut off, and so malformed; ARP's rest is padding */

const struct protocol REFLEX_SPOKEN[REFLEX_PROTOCOLS] = {
    [REFLEX_ARP] = {ETH_P_ARP, ARP_KEY_BYTES, ARP_FRAME_BYTES, arp_answer, arp_sender},
    [REFLEX_NDP] = {ETH_P_IPV6, NDP_KEY_BYTES, NDP_ANSWER_BYTES, ndp_answer, ndp_sender},
};
_Static_assert(ARP_FRAME_BYTES <= REFLEX_ANSWER_BYTES && NDP_ANSWER_BYTES <= REFLEX_ANSWER_BYTES, "room for answers");
_Static_assert(ARP_KEY_BYTES <= REFLEX_KEY_BYTES && NDP_KEY_BYTES <= REFLEX_KEY_BYTES, "room for addresses");

uint64_t reflex_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
  return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

struct port *reflex_find_port(struct reflex *reflex, uint64_t mark) {
  for (struct port *port = reflex->ports; port; port = port->next)
    if (reflex_mark(port->protocol, port->id.ifindex) == mark) return port;
  return NULL;
}

/* Throws away what came in before now: somebody else may own our addresses since. */
static void drain(struct reflex *reflex) {
  uint8_t unused[1];
  for (struct port *port = reflex->ports; port; port = port->next) {
    for (int i = 0; i < DRAIN_LIMIT; i++) {
      if (recv(port->fd, unused, sizeof unused, MSG_DONTWAIT) >= 0)
        reflex->claims[port->protocol].drops[DROP_SUSPENDED]++;
      else if (errno == ENETDOWN)
        port->went_down = true;
      else if (errno != EINTR)
        break;
    }
  }
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

static void report_conflict(struct reflex *reflex, const struct port *port, const struct neighbor_frame *frame) {
  const struct protocol *spoken = &REFLEX_SPOKEN[port->protocol];
  const struct neighbor_table *table = &reflex->claims[port->protocol].table;
  const uint8_t *mac = NULL;
  long index = spoken->sender(table, &port->id, frame, &mac);
  if (index < 0) return;
  for (struct port *own = reflex->ports; own; own = own->next)
    if (memcmp(own->id.mac, mac, 6) == 0) return;
  if (reflex_now_ns() - reflex->conflicts_since_ns > SECOND_NS) {
    reflex->conflicts_since_ns = reflex_now_ns();
    reflex->conflicts = 0;
  }
  if (reflex->conflicts++ >= CONFLICTS_PER_SECOND) return;
  struct reflex_event event = {
      .kind = REFLEX_CONFLICT, .key_bytes = spoken->key_bytes, .ifindex = port->id.ifindex};
  memcpy(event.key, table->keys + (size_t)index * spoken->key_bytes, spoken->key_bytes);
  memcpy(event.mac, mac, 6);
  reflex->report(reflex->context, &event);
}

static void answer(struct reflex *reflex, const struct port *port, const struct neighbor_frame *frame) {
  const struct protocol *spoken = &REFLEX_SPOKEN[port->protocol];
  struct claims *claims = &reflex->claims[port->protocol];
  uint8_t out[REFLEX_ANSWER_BYTES];
  long index = spoken->answer(&claims->table, &port->id, frame, out);
  if (index < 0) {
    claims->drops[-index]++;
  } else {
    claims->counts[index].requests++;
    if (packet_send(port->fd, out, spoken->answer_bytes) == 0) claims->counts[index].replies++;
  }
  report_conflict(reflex, port, frame);
}

/* Where JavaScript is behind, with the next turn. */
static void report_links_down(struct reflex *reflex) {
  for (struct port *port = reflex->ports; port; port = port->next) {
    struct reflex_event event = {.kind = REFLEX_LINK_DOWN, .ifindex = port->id.ifindex};
    if (port->went_down && reflex->report(reflex->context, &event)) port->went_down = false;
  }
}

static void serve(struct reflex *reflex, struct port *port) {
  for (int i = 0; i < BATCH; i++) {
    uint8_t bytes[FRAME_BYTES];
    struct sockaddr_ll from = {0};
    socklen_t from_len = sizeof from;
    ssize_t len = recvfrom(port->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    if (len < 0 && errno == EINTR) continue;
    if (len < 0 && errno == ENETDOWN) port->went_down = true;
    if (len < 0) return; /* EAGAIN: done. ENETDOWN: reading it has cleared it, and the kernel hooks us in again on UP */
    if (reflex_silent(reflex)) {
      reflex->claims[port->protocol].drops[DROP_SUSPENDED]++;
      continue;
    }
    reflex->beat_ns = reflex_now_ns();
    struct neighbor_frame frame = {bytes, (size_t)len, from.sll_pkttype == PACKET_OTHERHOST};
    answer(reflex, port, &frame);
  }
}

/*
 * The kernel does not hook us in again on an interface that was removed and made anew with its old index and MAC address,
 * or that has been to another network namespace; and JavaScript may see no difference. It is back without memberships,
 * and those who looked after them when it went may have found no interface.
 */
static void rebind(struct reflex *reflex, uint64_t *last_ns) {
  if (reflex->beat_ns - *last_ns < SECOND_NS) return;
  *last_ns = reflex->beat_ns;
  for (struct port *port = reflex->ports; port; port = port->next) {
    if (!packet_unhooked(port->fd)) continue;
    if (packet_bind(port->fd, REFLEX_SPOKEN[port->protocol].ethertype, port->id.ifindex) == 0) port->went_down = true;
  }
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
      struct port *port = reflex_find_port(reflex, events[i].data.u64); /* gone if detached since */
      if (port) serve(reflex, port);
    }
    rebind(reflex, &rebound_ns);
    report_links_down(reflex);
    stopping = reflex->stopping;
    pthread_mutex_unlock(&reflex->lock);
  }
  return NULL;
}
