// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bfd-reflex.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bfd-reflex-state.h"

struct bfd_socket *bfd_find_socket(const struct bfd_reflex *reflex, int32_t id) {
  struct bfd_socket *socket = reflex->sockets;
  while (socket && socket->id != id) socket = socket->next;
  return socket;
}

struct bfd_session *bfd_find_session(const struct bfd_reflex *reflex, int32_t id) {
  struct bfd_session *session = reflex->sessions;
  while (session && session->id != id) session = session->next;
  return session;
}

static int start_thread(struct bfd_reflex *reflex) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all); /* signals are for JavaScript */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&reflex->thread, NULL, bfd_run, reflex);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) pthread_setname_np(reflex->thread, "bfd-reflex");
  return -error;
}

static void make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  /* JavaScript's thread, while it holds the lock, is as urgent as the one that waits for it. */
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

static void free_session(struct bfd_session **at) {
  struct bfd_session *session = *at;
  *at = session->next;
  if (session->fd >= 0) close(session->fd);
  free(session);
}

static void free_sessions_of(struct bfd_reflex *reflex, int32_t socket) {
  for (struct bfd_session **at = &reflex->sessions; *at;) {
    if ((*at)->peer.socket == socket)
      free_session(at);
    else
      at = &(*at)->next;
  }
}

static void free_reflex(struct bfd_reflex *reflex) {
  while (reflex->sessions) free_session(&reflex->sessions);
  while (reflex->sockets) {
    struct bfd_socket *socket = reflex->sockets;
    reflex->sockets = socket->next;
    close(socket->fd);
    free(socket);
  }
  if (reflex->epoll >= 0) close(reflex->epoll);
  if (reflex->wake >= 0) close(reflex->wake);
  if (reflex->timer >= 0) close(reflex->timer);
  pthread_mutex_destroy(&reflex->lock);
  free(reflex);
}

static int watch(const struct bfd_reflex *reflex, int fd, uint64_t mark) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};
  return epoll_ctl(reflex->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Numbers whose prediction would only help to fill one slot of a table, or to guess a jitter. */
static int seed(struct bfd_reflex *reflex) {
  uint64_t numbers[2];
  if (getrandom(numbers, sizeof numbers, 0) != sizeof numbers) return -EIO;
  reflex->random = numbers[0] | 1;
  reflex->strangers.secret = numbers[1];
  return 0;
}

int bfd_open(struct bfd_reflex **out, uint32_t late_ms, bfd_report report, void *context) {
  struct bfd_reflex *reflex = calloc(1, sizeof *reflex);
  if (!reflex) return -ENOMEM;
  make_lock(&reflex->lock);
  reflex->late_ns = (uint64_t)late_ms * 1000000;
  reflex->alarm_ns = BFD_NEVER;
  reflex->report = report;
  reflex->context = context;
  reflex->epoll = epoll_create1(EPOLL_CLOEXEC);
  reflex->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  reflex->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  int error = reflex->epoll < 0 || reflex->wake < 0 || reflex->timer < 0 ? -errno : 0;
  if (error == 0) error = watch(reflex, reflex->wake, BFD_WAKE);
  if (error == 0) error = watch(reflex, reflex->timer, BFD_TIMER);
  if (error == 0) error = seed(reflex);
  if (error == 0) error = start_thread(reflex);
  if (error == 0)
    *out = reflex;
  else
    free_reflex(reflex);
  return error;
}

void bfd_close(struct bfd_reflex *reflex) {
  pthread_mutex_lock(&reflex->lock);
  reflex->stopping = true;
  pthread_mutex_unlock(&reflex->lock);
  eventfd_write(reflex->wake, 1);
  pthread_join(reflex->thread, NULL);
  free_reflex(reflex);
}

int bfd_open_socket(struct bfd_reflex *reflex, const struct bfd_local *local) {
  struct bfd_socket *socket = calloc(1, sizeof *socket);
  if (!socket) return -ENOMEM;
  *socket = (struct bfd_socket){.kind = BFD_CONTROL, .local = *local, .fd = bfd_bind_udp(local)};
  int result = socket->fd;
  if (result >= 0) {
    pthread_mutex_lock(&reflex->lock);
    int error = bfd_add_socket(reflex, socket);
    result = error == 0 ? socket->id : error;
    pthread_mutex_unlock(&reflex->lock);
  }
  if (result >= 0) return result;
  if (socket->fd >= 0) close(socket->fd);
  free(socket);
  return result;
}

void bfd_close_socket(struct bfd_reflex *reflex, int32_t id) {
  pthread_mutex_lock(&reflex->lock);
  for (struct bfd_socket **at = &reflex->sockets; *at;) {
    struct bfd_socket *socket = *at;
    if (socket->id == id || (socket->kind == BFD_ECHO && socket->owner == id)) {
      *at = socket->next;
      close(socket->fd); /* takes it out of the epoll set as well */
      free(socket);
    } else {
      at = &socket->next;
    }
  }
  free_sessions_of(reflex, id);
  pthread_mutex_unlock(&reflex->lock);
}

static bool is_link_local(const uint8_t ip[16]) {
  return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

/* Gives a session what it sends from and what it may be heard by; 0 or -errno. */
static int place(struct bfd_reflex *reflex, struct bfd_session *session, const struct bfd_origin *origin) {
  const struct bfd_socket *socket = bfd_find_socket(reflex, session->peer.socket);
  if (!socket) return -ENOENT;
  bool ipv4 = bfd_is_ipv4(session->peer.to.ip);
  if (ipv4 != bfd_is_ipv4(socket->local.at.ip)) return -EAFNOSUPPORT;
  const char *device = origin->device[0] ? origin->device : socket->local.device;
  session->scope = device[0] ? if_nametoindex(device) : 0;
  if (device[0] && session->scope == 0) return -ENODEV;
  if (!device[0] && is_link_local(session->peer.to.ip)) return -EADDRNOTAVAIL;
  /* What the socket is bound to the kernel sees to; of a VRF it names the member that a packet came by. */
  if (origin->device[0] && strcmp(origin->device, socket->local.device) != 0) session->peer.ifindex = session->scope;
  if (!origin->has_source) return 0;
  if (ipv4 != bfd_is_ipv4(origin->source)) return -EAFNOSUPPORT;
  struct bfd_local local = {.ttl = socket->local.ttl};
  memcpy(local.at.ip, origin->source, sizeof local.at.ip);
  memcpy(session->source, origin->source, sizeof session->source);
  memcpy(local.device, device, strlen(device));
  return bfd_bind_source(reflex, session, &local);
}

int bfd_open_session(struct bfd_reflex *reflex, const struct bfd_peer *peer, const struct bfd_origin *origin) {
  struct bfd_session *session = calloc(1, sizeof *session);
  if (!session) return -ENOMEM;
  *session = (struct bfd_session){.peer = *peer, .fd = -1, .send_at_ns = BFD_NEVER};
  session->watch.silent_at_ns = session->echo.watch.silent_at_ns = session->echo.send_at_ns = BFD_NEVER;
  pthread_mutex_lock(&reflex->lock);
  int result = place(reflex, session, origin);
  if (result == 0) {
    result = session->id = ++reflex->last_id;
    session->next = reflex->sessions;
    reflex->sessions = session;
    bfd_prepare_echo(reflex, session); /* without it the peer's are not sent back */
  }
  pthread_mutex_unlock(&reflex->lock);
  if (result < 0) free(session);
  return result;
}

void bfd_close_session(struct bfd_reflex *reflex, int32_t id) {
  pthread_mutex_lock(&reflex->lock);
  struct bfd_session **at = &reflex->sessions;
  while (*at && (*at)->id != id) at = &(*at)->next;
  if (*at) free_session(at);
  pthread_mutex_unlock(&reflex->lock);
}

static void apply(struct bfd_reflex *reflex, struct bfd_session *session, const struct bfd_orders *orders) {
  uint64_t now = bfd_now_ns();
  session->orders = orders->number;
  session->interval_ns = orders->interval_ns;
  session->detect_mult = orders->detect_mult;
  session->packet_len = orders->packet_len;
  session->expected_len = orders->expected_len;
  if (orders->packet_len > 0) memcpy(session->packet, orders->packet, orders->packet_len);
  if (orders->expected_len > 0) memcpy(session->expected, orders->expected, orders->expected_len);
  session->watch.detect_ns = orders->detect_ns;
  bfd_expect(&session->watch, now);
  uint64_t next = now + bfd_turn_ns(orders->interval_ns, orders->detect_mult, bfd_random(&reflex->random));
  if (orders->packet_len == 0 || orders->interval_ns == 0)
    session->send_at_ns = BFD_NEVER;
  else if (orders->now || next < session->send_at_ns)
    session->send_at_ns = next;
  if (orders->now && orders->packet_len > 0) bfd_transmit(reflex, session, session->packet, session->packet_len);
}

int bfd_order(struct bfd_reflex *reflex, int32_t id, const struct bfd_orders *orders) {
  if (orders->packet_len > BFD_MAX_BYTES || orders->expected_len > BFD_MAX_BYTES) return -EMSGSIZE;
  pthread_mutex_lock(&reflex->lock);
  bfd_notice_pause(reflex); /* this thread may be the first to run, and is about to change what is due */
  struct bfd_session *session = bfd_find_session(reflex, id);
  if (session) apply(reflex, session, orders);
  if (session) bfd_prepare_echo(reflex, session); /* the interface may be known by now */
  bfd_set_alarm(reflex);
  pthread_mutex_unlock(&reflex->lock);
  return session ? 0 : -ENOENT;
}

int bfd_order_echo(struct bfd_reflex *reflex, int32_t id, const struct bfd_echo_orders *orders) {
  pthread_mutex_lock(&reflex->lock);
  bfd_notice_pause(reflex);
  struct bfd_session *session = bfd_find_session(reflex, id);
  int error = session ? 0 : -ENOENT;
  if (session) {
    struct bfd_echo *echo = &session->echo;
    uint64_t now = bfd_now_ns();
    echo->orders = orders->number;
    echo->interval_ns = orders->interval_ns;
    if (orders->interval_ns) error = bfd_prepare_echo(reflex, session);
    if (error != 0) echo->interval_ns = 0;
    echo->watch.detect_ns = echo->interval_ns ? orders->detect_ns : 0;
    bfd_expect(&echo->watch, now);
    echo->send_at_ns = echo->interval_ns ? now : BFD_NEVER;
  }
  bfd_set_alarm(reflex);
  pthread_mutex_unlock(&reflex->lock);
  return error;
}

int bfd_send(struct bfd_reflex *reflex, int32_t id, const uint8_t *bytes, size_t len) {
  pthread_mutex_lock(&reflex->lock);
  struct bfd_session *session = bfd_find_session(reflex, id);
  int error = session ? bfd_transmit(reflex, session, bytes, len) : -ENOENT;
  pthread_mutex_unlock(&reflex->lock);
  return error;
}

void bfd_taken(struct bfd_reflex *reflex, const struct bfd_event *event) {
  pthread_mutex_lock(&reflex->lock);
  struct bfd_session *session = bfd_find_session(reflex, event->session);
  if (event->kind == BFD_PACKET && event->session < 0) reflex->strangers_waiting--;
  if (event->kind == BFD_PACKET && session) session->waiting--;
  if (event->kind == BFD_PAUSED) reflex->pause_waiting = false;
  bfd_tell_pause(reflex);
  pthread_mutex_unlock(&reflex->lock);
}

void bfd_read(struct bfd_reflex *reflex, uint64_t counts[BFD_COUNTS]) {
  pthread_mutex_lock(&reflex->lock);
  memcpy(counts, reflex->counts, sizeof reflex->counts);
  pthread_mutex_unlock(&reflex->lock);
}

void bfd_read_session(struct bfd_reflex *reflex, int32_t id, uint64_t counts[BFD_SESSION_COUNTS]) {
  pthread_mutex_lock(&reflex->lock);
  const struct bfd_session *session = bfd_find_session(reflex, id);
  memset(counts, 0, sizeof session->counts);
  if (session) memcpy(counts, session->counts, sizeof session->counts);
  pthread_mutex_unlock(&reflex->lock);
}
