// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "bfd-reflex-state.h"

#define BATCH 64         /* packets of one socket before others get their turn */
#define DRAIN_LIMIT 4096 /* more than a receive buffer holds: a flood cannot keep us here */
#define MILLISECOND_NS 1000000ull
#define SECOND_NS 1000000000ull
#define RETRY_NS (10 * MILLISECOND_NS)

uint64_t bfd_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
  return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* One share of what may wait for JavaScript; tells the packet if there is room in it. */
static void tell(struct bfd_reflex *reflex, struct bfd_session *session, const struct bfd_arrival *arrival) {
  uint32_t *waiting = session ? &session->waiting : &reflex->strangers_waiting;
  uint64_t now = bfd_now_ns();
  bool within = *waiting < (session ? BFD_WAITING_OF_SESSION : BFD_WAITING_OF_STRANGERS) &&
                (session ? bfd_within(&session->told, BFD_TOLD_PER_SECOND, now)
                         : bfd_stranger_within(&reflex->strangers, &arrival->from, now));
  struct bfd_event event = {.kind = BFD_PACKET, .socket = arrival->socket, .session = session ? session->id : -1};
  event.ttl = arrival->ttl;
  event.from = arrival->from;
  event.len = (uint32_t)arrival->len;
  memcpy(event.bytes, arrival->bytes, arrival->len);
  if (!within || !reflex->report(reflex->context, &event)) {
    reflex->counts[BFD_FLOOD]++;
    return;
  }
  *waiting += 1;
  reflex->counts[BFD_TOLD]++;
}

static void take(struct bfd_reflex *reflex, const struct bfd_arrival *arrival) {
  struct bfd_session *session = reflex->sessions;
  while (session && !bfd_is_for(&session->peer, arrival)) session = session->next;
  if (session && arrival->ttl < session->peer.min_ttl) {
    reflex->counts[BFD_TTL]++;
  } else if (session && bfd_is_expected(arrival, session->expected, session->expected_len)) {
    reflex->counts[BFD_ACCEPTED]++;
    session->silent_at_ns = session->detect_ns ? bfd_now_ns() + session->detect_ns : BFD_NEVER;
  } else {
    tell(reflex, session, arrival);
  }
}

static void read_control(struct msghdr *message, struct bfd_arrival *arrival) {
  arrival->ttl = -1;
  for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
    bool ipv4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL;
    bool ipv6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT;
    int ttl = 0;
    if (!ipv4 && !ipv6) continue;
    memcpy(&ttl, CMSG_DATA(control), sizeof ttl);
    arrival->ttl = ttl;
  }
}

static void read_source(const struct sockaddr_storage *source, struct bfd_address *from) {
  if (source->ss_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)source;
    memcpy(from->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    memcpy(from->ip + 12, &in->sin_addr, 4);
    from->port = ntohs(in->sin_port);
  } else {
    const struct sockaddr_in6 *in = (const void *)source;
    memcpy(from->ip, &in->sin6_addr, 16);
    from->port = ntohs(in->sin6_port);
  }
}

/* Deals with what has arrived, up to `limit` packets. */
static void serve(struct bfd_reflex *reflex, const struct bfd_socket *socket, int limit) {
  for (int i = 0; i < limit; i++) {
    uint8_t bytes[BFD_MAX_BYTES];
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int)) * 2];
    struct sockaddr_storage source = {0};
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {.msg_name = &source, .msg_namelen = sizeof source, .msg_iov = &part, .msg_iovlen = 1};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t len = recvmsg(socket->fd, &message, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (len < 0) continue; /* EINTR, or what ICMP or a link that went down left behind: reading it has cleared it */
    if (message.msg_flags & MSG_TRUNC) {
      reflex->counts[BFD_OVERSIZED]++;
      continue;
    }
    struct bfd_arrival arrival = {.socket = socket->id, .bytes = bytes, .len = (size_t)len};
    read_control(&message, &arrival);
    read_source(&source, &arrival.from);
    take(reflex, &arrival);
  }
}

static void drain(struct bfd_reflex *reflex) {
  for (struct bfd_socket *socket = reflex->sockets; socket; socket = socket->next) serve(reflex, socket, DRAIN_LIMIT);
}

void bfd_tell_pause(struct bfd_reflex *reflex) {
  if (reflex->paused_ms == 0 || reflex->pause_waiting) return;
  struct bfd_event event = {.kind = BFD_PAUSED, .paused_ms = reflex->paused_ms};
  if (!reflex->report(reflex->context, &event)) return;
  reflex->pause_waiting = true;
  reflex->paused_ms = 0;
}

void bfd_notice_pause(struct bfd_reflex *reflex) {
  uint64_t now = bfd_now_ns();
  uint64_t late = reflex->alarm_ns < now ? now - reflex->alarm_ns : 0;
  if (reflex->late_ns == 0 || late <= reflex->late_ns) return;
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (session->send_at_ns < now) session->send_at_ns = now; /* what was due before it is no second pause */
    if (session->silent_at_ns == BFD_NEVER) continue;
    /* Whoever took us for dead meanwhile has slowed down, and may have been heard by nobody: it gets the whole time. */
    session->silent_at_ns = late < session->detect_ns ? session->silent_at_ns + late : now + session->detect_ns;
  }
  reflex->alarm_ns = now;
  reflex->paused_ms += late / MILLISECOND_NS;
  drain(reflex);
  bfd_tell_pause(reflex);
}

static uint64_t first_silence(const struct bfd_reflex *reflex) {
  uint64_t first = BFD_NEVER;
  for (const struct bfd_session *session = reflex->sessions; session; session = session->next)
    if (session->silent_at_ns < first) first = session->silent_at_ns;
  return first;
}

static void tell_silence(struct bfd_reflex *reflex, uint64_t now) {
  if (first_silence(reflex) > now) return;
  drain(reflex); /* what keeps one alive may wait behind other packets */
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (session->silent_at_ns > now) continue;
    struct bfd_event event = {.kind = BFD_SILENCE, .session = session->id, .orders = session->orders};
    session->silent_at_ns = reflex->report(reflex->context, &event) ? BFD_NEVER : now + RETRY_NS;
  }
}

static void send_due(struct bfd_reflex *reflex, uint64_t now) {
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (session->send_at_ns > now) continue;
    bfd_transmit(reflex, session, session->packet, session->packet_len);
    /* Counted from now: turns that were missed do not follow one another at once. */
    session->send_at_ns = now + bfd_wait_ns(session->interval_ns, session->detect_mult, bfd_random(&reflex->random));
  }
}

void bfd_set_alarm(struct bfd_reflex *reflex) {
  uint64_t first = first_silence(reflex);
  for (const struct bfd_session *session = reflex->sessions; session; session = session->next)
    if (session->send_at_ns < first) first = session->send_at_ns;
  if (first == reflex->alarm_ns) return;
  reflex->alarm_ns = first;
  struct itimerspec at = {0}; /* disarmed */
  if (first != BFD_NEVER) at.it_value = (struct timespec){(time_t)(first / SECOND_NS), (long)(first % SECOND_NS)};
  timerfd_settime(reflex->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Reading ends the timer's readiness; the same for the wake-up, which only ever means to stop. */
static void acknowledge(int fd) {
  uint64_t times;
  ssize_t ignored = read(fd, &times, sizeof times);
  (void)ignored;
}

static void handle(struct bfd_reflex *reflex, const struct epoll_event *event) {
  if (event->data.u64 == BFD_WAKE) return;
  if (event->data.u64 == BFD_TIMER) {
    acknowledge(reflex->timer);
    return;
  }
  struct bfd_socket *socket = bfd_find_socket(reflex, (int32_t)event->data.u64); /* gone if closed since */
  if (socket) serve(reflex, socket, BATCH);
}

void *bfd_run(void *argument) {
  struct bfd_reflex *reflex = argument;
  struct epoll_event events[16];
  /* Above everything that is not real-time, where CAP_SYS_NICE permits; else as everybody. */
  struct sched_param priority = {.sched_priority = 1};
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
  for (bool stopping = false; !stopping;) {
    int ready = epoll_wait(reflex->epoll, events, 16, -1);
    pthread_mutex_lock(&reflex->lock);
    bfd_notice_pause(reflex);
    for (int i = 0; i < ready; i++) handle(reflex, &events[i]);
    uint64_t now = bfd_now_ns();
    tell_silence(reflex, now);
    send_due(reflex, now);
    bfd_set_alarm(reflex);
    stopping = reflex->stopping;
    pthread_mutex_unlock(&reflex->lock);
  }
  return NULL;
}
