// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bfd-reflex.h"

#include <errno.h>
#include <netinet/in.h>
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

#define NETWORK_CONTROL 0xc0 /* DSCP CS6: what keeps networks running goes first */

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

static bool is_ipv4(const struct bfd_address *address) {
  return memcmp(address->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
}

static socklen_t to_sockaddr(const struct bfd_address *address, bool ipv4, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (ipv4) {
    struct sockaddr_in *in = (void *)out;
    in->sin_family = AF_INET;
    in->sin_port = htons(address->port);
    memcpy(&in->sin_addr, address->ip + 12, 4);
    return sizeof *in;
  }
  struct sockaddr_in6 *in = (void *)out;
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(address->port);
  memcpy(&in->sin6_addr, address->ip, 16);
  return sizeof *in;
}

int bfd_transmit(struct bfd_reflex *reflex, const struct bfd_session *session, const uint8_t *bytes, size_t len) {
  const struct bfd_socket *socket = bfd_find_socket(reflex, session->peer.socket);
  struct sockaddr_storage to;
  if (!socket) return -ENOENT;
  socklen_t to_len = to_sockaddr(&session->peer.to, socket->ipv4, &to);
  int error = 0;
  /* The second time after an error that an earlier packet had left on the socket, which asking has cleared. */
  for (int i = 0; i < 2; i++) {
    error = sendto(socket->fd, bytes, len, MSG_DONTWAIT, (struct sockaddr *)&to, to_len) < 0 ? -errno : 0;
    if (error != -EINTR && error != -ECONNREFUSED) break;
  }
  reflex->counts[error == 0 ? BFD_SENT : BFD_UNSENT]++; /* a full queue, no route, link down: the next turn may be luckier */
  return error;
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

static bool set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool set_options(int fd, bool ipv4, int ttl) {
  if (ipv4)
    return set_int(fd, IPPROTO_IP, IP_TTL, ttl) && set_int(fd, IPPROTO_IP, IP_RECVTTL, 1) &&
           set_int(fd, IPPROTO_IP, IP_TOS, NETWORK_CONTROL);
  return set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl) &&
         set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) && set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, NETWORK_CONTROL);
}

/* A bound socket or -errno. */
static int bind_udp(const struct bfd_address *local, int ttl) {
  bool ipv4 = is_ipv4(local);
  struct sockaddr_storage address;
  socklen_t len = to_sockaddr(local, ipv4, &address);
  int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (set_options(fd, ipv4, ttl) && bind(fd, (struct sockaddr *)&address, len) == 0) return fd;
  int error = -errno;
  close(fd);
  return error;
}

int bfd_open_socket(struct bfd_reflex *reflex, const struct bfd_address *local, int ttl) {
  struct bfd_socket *socket = calloc(1, sizeof *socket);
  if (!socket) return -ENOMEM;
  socket->ipv4 = is_ipv4(local);
  socket->fd = bind_udp(local, ttl);
  if (socket->fd < 0) {
    int error = socket->fd;
    free(socket);
    return error;
  }
  pthread_mutex_lock(&reflex->lock);
  socket->id = ++reflex->last_id;
  int result = watch(reflex, socket->fd, (uint64_t)socket->id);
  if (result == 0) {
    result = socket->id;
    socket->next = reflex->sockets;
    reflex->sockets = socket;
  }
  pthread_mutex_unlock(&reflex->lock);
  if (result >= 0) return result;
  close(socket->fd);
  free(socket);
  return result;
}

void bfd_close_socket(struct bfd_reflex *reflex, int32_t id) {
  pthread_mutex_lock(&reflex->lock);
  struct bfd_socket **at = &reflex->sockets;
  while (*at && (*at)->id != id) at = &(*at)->next;
  struct bfd_socket *socket = *at;
  if (socket) {
    *at = socket->next;
    close(socket->fd); /* takes it out of the epoll set as well */
    free_sessions_of(reflex, id);
  }
  pthread_mutex_unlock(&reflex->lock);
  free(socket);
}

int bfd_open_session(struct bfd_reflex *reflex, const struct bfd_peer *peer) {
  struct bfd_session *session = calloc(1, sizeof *session);
  if (!session) return -ENOMEM;
  *session = (struct bfd_session){.peer = *peer, .send_at_ns = BFD_NEVER, .silent_at_ns = BFD_NEVER};
  pthread_mutex_lock(&reflex->lock);
  const struct bfd_socket *socket = bfd_find_socket(reflex, peer->socket);
  int result = !socket ? -ENOENT : socket->ipv4 != is_ipv4(&peer->to) ? -EAFNOSUPPORT : 0;
  if (result == 0) {
    result = session->id = ++reflex->last_id;
    session->next = reflex->sessions;
    reflex->sessions = session;
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
  session->detect_ns = orders->detect_ns;
  session->packet_len = orders->packet_len;
  session->expected_len = orders->expected_len;
  if (orders->packet_len > 0) memcpy(session->packet, orders->packet, orders->packet_len);
  if (orders->expected_len > 0) memcpy(session->expected, orders->expected, orders->expected_len);
  session->silent_at_ns = orders->detect_ns ? now + orders->detect_ns : BFD_NEVER;
  uint64_t next = now + bfd_wait_ns(orders->interval_ns, orders->detect_mult, bfd_random(&reflex->random));
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
  bfd_set_alarm(reflex);
  pthread_mutex_unlock(&reflex->lock);
  return session ? 0 : -ENOENT;
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
