// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
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

void bfd_expect(struct bfd_watch *watch, uint64_t now_ns) {
  watch->heard_ns = now_ns;
  watch->silent_at_ns = watch->detect_ns ? now_ns + watch->detect_ns : BFD_NEVER;
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

/* The session that a packet is for; NULL with `elsewhere` if it had to come by another interface. */
static struct bfd_session *find_for(const struct bfd_reflex *reflex, const struct bfd_arrival *arrival, bool *elsewhere) {
  *elsewhere = false;
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (!bfd_is_for(&session->peer, arrival)) continue;
    if (bfd_is_by(&session->peer, arrival->ifindex)) return session;
    *elsewhere = true;
  }
  return NULL;
}

static void take(struct bfd_reflex *reflex, const struct bfd_arrival *arrival) {
  bool elsewhere = false;
  struct bfd_session *session = find_for(reflex, arrival, &elsewhere);
  if (!session && elsewhere) {
    reflex->counts[BFD_INTERFACE]++;
    return;
  }
  if (session && arrival->ttl < session->peer.min_ttl) {
    reflex->counts[BFD_TTL]++;
    return;
  }
  if (session) {
    session->ifindex = arrival->ifindex;
    session->counts[BFD_CONTROL_IN]++;
  }
  if (session && bfd_is_expected(arrival, session->expected, session->expected_len)) {
    reflex->counts[BFD_ACCEPTED]++;
    bfd_expect(&session->watch, bfd_now_ns());
  } else {
    tell(reflex, session, arrival);
  }
}

/* Deals with what has arrived, up to `limit` packets; whether that was all. */
static bool serve(struct bfd_reflex *reflex, const struct bfd_socket *socket, int limit) {
  if (socket->kind != BFD_CONTROL) return bfd_serve_echo(reflex, socket, limit);
  for (int i = 0; i < limit; i++) {
    uint8_t bytes[BFD_MAX_BYTES];
    struct bfd_arrival arrival;
    int got = bfd_receive(reflex, socket, bytes, &arrival);
    if (got < 0) return true;
    if (got > 0) take(reflex, &arrival);
  }
  return false;
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

/*
 * A deadline after a pause. Whoever took us for dead meanwhile has slowed down, and may have been heard by nobody: it
 * gets the whole time. Short pauses move it on by as much as they took, but in all by no more than the whole time: a
 * process that is allowed a part of a processor has one every tenth of a second, and would hardly ever find anybody
 * silent. What came meanwhile is read before the deadline counts.
 */
static void put_off(struct bfd_watch *watch, uint64_t late_ns, uint64_t now_ns) {
  if (watch->silent_at_ns == BFD_NEVER) return;
  if (late_ns >= watch->detect_ns) bfd_expect(watch, now_ns);
  uint64_t most = watch->heard_ns + 2 * watch->detect_ns;
  if (late_ns < watch->detect_ns)
    watch->silent_at_ns = watch->silent_at_ns + late_ns < most ? watch->silent_at_ns + late_ns : most;
}

void bfd_notice_pause(struct bfd_reflex *reflex) {
  uint64_t now = bfd_now_ns();
  uint64_t late = reflex->alarm_ns < now ? now - reflex->alarm_ns : 0;
  if (reflex->late_ns == 0 || late <= reflex->late_ns) return;
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    /* What was due before it is no second pause. */
    if (session->send_at_ns < now) session->send_at_ns = now;
    if (session->echo.send_at_ns < now) session->echo.send_at_ns = now;
    put_off(&session->watch, late, now);
    put_off(&session->echo.watch, late, now);
  }
  reflex->alarm_ns = now;
  reflex->paused_ms += late / MILLISECOND_NS;
  drain(reflex);
  bfd_tell_pause(reflex);
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t first_silence(const struct bfd_reflex *reflex) {
  uint64_t first = BFD_NEVER;
  for (const struct bfd_session *session = reflex->sessions; session; session = session->next)
    first = least(first, least(session->watch.silent_at_ns, session->echo.watch.silent_at_ns));
  return first;
}

static void tell_if_silent(struct bfd_reflex *reflex, struct bfd_watch *watch, const struct bfd_event *event) {
  uint64_t now = bfd_now_ns();
  if (watch->silent_at_ns <= now)
    watch->silent_at_ns = reflex->report(reflex->context, event) ? BFD_NEVER : now + RETRY_NS;
}

static void tell_silence(struct bfd_reflex *reflex, uint64_t now) {
  if (first_silence(reflex) > now) return;
  drain(reflex); /* what keeps one alive may wait behind other packets */
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    struct bfd_event silence = {.kind = BFD_SILENCE, .session = session->id, .orders = session->orders};
    struct bfd_event echo = {.kind = BFD_ECHO_SILENCE, .session = session->id, .orders = session->echo.orders};
    tell_if_silent(reflex, &session->watch, &silence);
    tell_if_silent(reflex, &session->echo.watch, &echo);
  }
}

static bool is_due(uint64_t at_ns, uint64_t interval_ns, uint64_t now) {
  return at_ns != BFD_NEVER && at_ns <= now + bfd_slack_ns(interval_ns);
}

static void send_due(struct bfd_reflex *reflex, uint64_t now) {
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (is_due(session->echo.send_at_ns, session->echo.interval_ns, now)) bfd_send_echo(reflex, session, now);
    if (!is_due(session->send_at_ns, session->interval_ns, now)) continue;
    bfd_transmit(reflex, session, session->packet, session->packet_len);
    /* Counted from now: turns that were missed do not follow one another at once. */
    session->send_at_ns = now + bfd_turn_ns(session->interval_ns, session->detect_mult, bfd_random(&reflex->random));
  }
}

void bfd_set_alarm(struct bfd_reflex *reflex) {
  uint64_t first = first_silence(reflex);
  for (const struct bfd_session *session = reflex->sessions; session; session = session->next)
    first = least(first, least(session->send_at_ns, session->echo.send_at_ns));
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

/* Whether nothing is left of it. */
static bool handle(struct bfd_reflex *reflex, const struct epoll_event *event) {
  if (event->data.u64 == BFD_WAKE) return true;
  if (event->data.u64 == BFD_TIMER) {
    acknowledge(reflex->timer);
    return true;
  }
  struct bfd_socket *socket = bfd_find_socket(reflex, (int32_t)event->data.u64); /* gone if closed since */
  return !socket || serve(reflex, socket, BATCH);
}

static void rest(uint64_t turn_ns, uint64_t last_turn_ns) {
  if (turn_ns - last_turn_ns >= 2 * BFD_REST_NS) return; /* few come: no need to wake up twice for each */
  struct timespec time = {.tv_nsec = BFD_REST_NS};
  nanosleep(&time, NULL);
}

void *bfd_run(void *argument) {
  struct bfd_reflex *reflex = argument;
  struct epoll_event events[16];
  /* Above everything that is not real-time, where CAP_SYS_NICE permits; else as everybody. */
  struct sched_param priority = {.sched_priority = 1};
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
  uint64_t last_turn = 0;
  for (bool stopping = false; !stopping;) {
    int ready = epoll_wait(reflex->epoll, events, 16, -1);
    pthread_mutex_lock(&reflex->lock);
    bfd_notice_pause(reflex);
    bool done = true;
    for (int i = 0; i < ready; i++) done = handle(reflex, &events[i]) && done;
    uint64_t now = bfd_now_ns();
    tell_silence(reflex, now);
    send_due(reflex, now);
    bfd_set_alarm(reflex);
    stopping = reflex->stopping;
    pthread_mutex_unlock(&reflex->lock);
    if (done && !stopping) rest(now, last_turn);
    last_turn = now;
  }
  return NULL;
}
