// SPDX-License-Identifier: Apache-2.0
/*
 * Echoes on the wire. IPv6 goes as other programs have it: to the peer's address, and its program sends it back with a
 * hop limit of 254. IPv4 goes to our own address by way of the peer, whose kernel forwards it: back it comes from the
 * wire with our address as its source, which only a packet socket gets to see.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bfd-echo-frame.h"
#include "bfd-reflex-state.h"
#include "packet-socket.h"

#define MOST_FRAME 320 /* headers with options, and BFD_MAX_BYTES */
#define SENT_TTL 255
#define LOOPED_PER_SECOND 200 /* of one session: more than one each 10 ms, less a quarter, nobody is asked to send */
#define ASK_AGAIN_NS 1000000000ull

/* Echoes are for one hop, and the source is what tells ours from others'. */
static bool may_echo(const struct bfd_session *session) {
  return session->fd >= 0 && session->peer.min_ttl == SENT_TTL;
}

static struct bfd_socket *find_tap(const struct bfd_reflex *reflex, uint32_t ifindex) {
  struct bfd_socket *socket = reflex->sockets;
  while (socket && (socket->kind != BFD_TAP || socket->ifindex != ifindex)) socket = socket->next;
  return socket;
}

static struct bfd_socket *find_echo(const struct bfd_reflex *reflex, int32_t owner) {
  struct bfd_socket *socket = reflex->sockets;
  while (socket && (socket->kind != BFD_ECHO || socket->owner != owner)) socket = socket->next;
  return socket;
}

/* Takes over the descriptor, or the error in its place. */
static int add(struct bfd_reflex *reflex, const struct bfd_socket *like) {
  if (like->fd < 0) return like->fd;
  struct bfd_socket *socket = malloc(sizeof *socket);
  int error = -ENOMEM;
  if (socket) {
    *socket = *like;
    error = bfd_add_socket(reflex, socket);
  }
  if (error == 0) return 0;
  close(like->fd);
  free(socket);
  return error;
}

static int open_tap(struct bfd_reflex *reflex, uint32_t ifindex) {
  /* Whole UDP datagrams for port 3785; the headers' lengths are read here as packets with IP options have them. */
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14 + 6),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 14 + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BFD_ECHO_PORT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  packet_filter filter = {.len = sizeof program / sizeof program[0], .filter = program};
  struct bfd_socket tap = {.kind = BFD_TAP, .ifindex = ifindex};
  tap.fd = packet_open(ETH_P_IP, (int32_t)ifindex, &filter);
  return add(reflex, &tap);
}

static int open_echo(struct bfd_reflex *reflex, const struct bfd_socket *owner) {
  struct bfd_socket echo = {.kind = BFD_ECHO, .owner = owner->id, .local = owner->local};
  bool ipv4 = bfd_is_ipv4(owner->local.at.ip);
  memset(echo.local.at.ip + (ipv4 ? 12 : 0), 0, ipv4 ? 4 : 16);
  echo.local.at.port = BFD_ECHO_PORT;
  echo.fd = bfd_bind_udp(&echo.local);
  return add(reflex, &echo);
}

/* Asked once a second at most: a file of /proc. Where it cannot be read the kernel is taken to forward: two answers
 * to one echo would be too many. */
static bool kernel_forwards(struct bfd_session *session) {
  uint64_t now = bfd_now_ns();
  if (session->echo.forwards_asked_ns != 0 && now - session->echo.forwards_asked_ns < ASK_AGAIN_NS)
    return session->echo.forwards;
  struct ifreq name = {.ifr_ifindex = (int)session->ifindex};
  char path[64 + IFNAMSIZ];
  char value = '1';
  if (ioctl(session->fd, SIOCGIFNAME, &name) == 0) {
    snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%.15s/forwarding", name.ifr_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, &value, 1) != 1) value = '1';
    if (fd >= 0) close(fd);
  }
  session->echo.forwards = value != '0';
  session->echo.forwards_asked_ns = now;
  return session->echo.forwards;
}

static bool needs_tap(struct bfd_session *session) {
  return may_echo(session) && bfd_is_ipv4(session->peer.to.ip) && session->ifindex != 0 &&
         (session->echo.interval_ns != 0 || !kernel_forwards(session));
}

int bfd_prepare_echo(struct bfd_reflex *reflex, struct bfd_session *session) {
  const struct bfd_socket *owner = bfd_find_socket(reflex, session->peer.socket);
  if (!owner || !may_echo(session)) return 0;
  int echo = find_echo(reflex, owner->id) ? 0 : open_echo(reflex, owner);
  int tap = needs_tap(session) && !find_tap(reflex, session->ifindex) ? open_tap(reflex, session->ifindex) : 0;
  return bfd_is_ipv4(session->peer.to.ip) ? tap : echo; /* what its own echoes take; the other is for the peer's */
}

int bfd_unused(struct bfd_reflex *reflex) {
  int fd = -1;
  pthread_mutex_lock(&reflex->lock);
  struct bfd_socket **at = &reflex->sockets;
  for (bool needed = true; *at; at = &(*at)->next) {
    needed = (*at)->kind != BFD_TAP;
    for (struct bfd_session *session = reflex->sessions; session && !needed; session = session->next)
      needed = session->ifindex == (*at)->ifindex && needs_tap(session);
    if (!needed) break;
  }
  struct bfd_socket *unused = *at;
  if (unused) {
    *at = unused->next;
    fd = unused->fd;
    epoll_ctl(reflex->epoll, EPOLL_CTL_DEL, fd, NULL);
  }
  pthread_mutex_unlock(&reflex->lock);
  free(unused);
  return fd;
}

/* The peer's MAC address, which the kernel knows from the control packets: 0 or -errno. */
static int find_mac(const struct bfd_session *session, uint8_t mac[6]) {
  struct ifreq name = {.ifr_ifindex = (int)session->ifindex};
  struct arpreq request = {0};
  struct sockaddr_in *in = (void *)&request.arp_pa;
  in->sin_family = AF_INET;
  memcpy(&in->sin_addr, session->peer.to.ip + 12, 4);
  if (ioctl(session->fd, SIOCGIFNAME, &name) != 0) return -errno;
  memcpy(request.arp_dev, name.ifr_name, sizeof request.arp_dev);
  if (ioctl(session->fd, SIOCGARP, &request) != 0) return -errno;
  if (!(request.arp_flags & ATF_COM) || request.arp_ha.sa_family != ARPHRD_ETHER) return -EHOSTUNREACH;
  memcpy(mac, request.arp_ha.sa_data, 6);
  return 0;
}

/* Kernels before 6.10 let this wait for whoever changes links, which may take long: not while echoes come back. */
static int where_to(const struct bfd_session *session, uint64_t now_ns, uint8_t mac[6]) {
  const struct bfd_echo *echo = &session->echo;
  if (echo->mac_ns == 0 || now_ns - echo->mac_ns >= 2 * echo->interval_ns) return find_mac(session, mac);
  memcpy(mac, echo->mac, sizeof echo->mac);
  return 0;
}

static int send_frame(const struct bfd_socket *tap, const uint8_t mac[6], const uint8_t *frame, size_t len) {
  uint8_t whole[14 + MOST_FRAME];
  struct ifreq own = {.ifr_ifindex = (int)tap->ifindex};
  memcpy(whole, mac, 6);
  if (ioctl(tap->fd, SIOCGIFNAME, &own) != 0 || ioctl(tap->fd, SIOCGIFHWADDR, &own) != 0) return -errno;
  memcpy(whole + 6, own.ifr_hwaddr.sa_data, 6);
  whole[12] = ETH_P_IP >> 8;
  whole[13] = ETH_P_IP & 0xff;
  memcpy(whole + 14, frame, len);
  return packet_send(tap->fd, whole, 14 + len);
}

static int send_ipv4(const struct bfd_reflex *reflex, const struct bfd_session *session, const uint8_t *echo) {
  uint8_t frame[BFD_ECHO_FRAME_BYTES];
  uint8_t mac[6];
  const struct bfd_socket *tap = find_tap(reflex, session->ifindex);
  int error = tap ? where_to(session, bfd_now_ns(), mac) : -ENODEV;
  if (error != 0) return error;
  bfd_write_echo_frame(frame, session->source + 12, echo);
  return send_frame(tap, mac, frame, sizeof frame);
}

static int send_ipv6(const struct bfd_reflex *reflex, const struct bfd_session *session, const uint8_t *echo) {
  const struct bfd_socket *socket = find_echo(reflex, session->peer.socket);
  if (!socket) return -ENOENT;
  struct bfd_route route = {.to = session->peer.to, .scope = session->scope, .ttl = SENT_TTL};
  route.to.port = BFD_ECHO_PORT;
  route.ifindex = session->scope;
  memcpy(route.source, session->source, sizeof route.source);
  return bfd_send_by(socket->fd, &route, echo, BFD_ECHO_BYTES);
}

void bfd_send_echo(struct bfd_reflex *reflex, struct bfd_session *session, uint64_t now_ns) {
  struct bfd_echo *echo = &session->echo;
  uint8_t bytes[BFD_ECHO_BYTES];
  uint64_t number = 0;
  bool drawn = getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number && number != 0;
  echo->send_at_ns = now_ns + bfd_turn_ns(echo->interval_ns, session->detect_mult, bfd_random(&reflex->random));
  bfd_write_echo(bytes, session->peer.discriminator, number);
  int error = !drawn                                ? -EAGAIN
              : bfd_is_ipv4(session->peer.to.ip) ? send_ipv4(reflex, session, bytes)
                                                 : send_ipv6(reflex, session, bytes);
  reflex->counts[error == 0 ? BFD_SENT : BFD_UNSENT]++;
  if (error != 0) return;
  echo->awaited[echo->sent++ % BFD_AWAITED] = number;
  session->counts[BFD_ECHO_OUT]++;
}

/* One that is awaited counts once. */
static bool came_back(struct bfd_session *session, const uint8_t *bytes, size_t len) {
  struct bfd_echo *echo = &session->echo;
  uint64_t number = bfd_echo_number(bytes, len, session->peer.discriminator);
  for (size_t i = 0; number != 0 && i < BFD_AWAITED; i++) {
    if (echo->awaited[i] != number) continue;
    echo->awaited[i] = 0;
    session->counts[BFD_ECHO_IN]++;
    bfd_expect(&echo->watch, bfd_now_ns());
    return true;
  }
  return false;
}

static bool may_loop(struct bfd_reflex *reflex, struct bfd_session *session) {
  if (bfd_within(&session->echo.looped, LOOPED_PER_SECOND, bfd_now_ns())) return true;
  reflex->counts[BFD_FLOOD]++;
  return false;
}

/* A datagram to us: one of ours that the peer has sent back, or one of the peer's, which has crossed no router. */
static void take_datagram(struct bfd_reflex *reflex, const struct bfd_socket *socket, const struct bfd_arrival *arrival) {
  struct bfd_session *session = reflex->sessions;
  for (; session; session = session->next) {
    if (session->peer.socket != socket->owner || !may_echo(session)) continue;
    if (memcmp(session->peer.to.ip, arrival->from.ip, 16) != 0 || memcmp(session->source, arrival->to, 16) != 0) continue;
    if (bfd_is_by(&session->peer, arrival->ifindex)) break;
  }
  if (!session || came_back(session, arrival->bytes, arrival->len)) return;
  if (arrival->ttl != SENT_TTL) { /* one that was sent back before: nothing goes round twice */
    reflex->counts[BFD_TTL]++;
    return;
  }
  if (!may_loop(reflex, session)) return;
  struct bfd_route route = {.to = arrival->from, .scope = arrival->ifindex, .ifindex = arrival->ifindex};
  route.ttl = SENT_TTL - 1;
  memcpy(route.source, arrival->to, sizeof route.source);
  if (bfd_send_by(socket->fd, &route, arrival->bytes, arrival->len) == 0) session->counts[BFD_LOOPED]++;
}

/* A packet whose source is its destination: ours that has come back, or the peer's, for it and nobody else. */
static void take_frame(struct bfd_reflex *reflex, const struct bfd_socket *tap, const uint8_t *mac, uint8_t *bytes,
                       const struct bfd_echo_frame *frame) {
  if (memcmp(frame->from, frame->to, 4) != 0) return;
  for (struct bfd_session *session = reflex->sessions; session; session = session->next) {
    if (session->ifindex != tap->ifindex || !may_echo(session) || !bfd_is_ipv4(session->peer.to.ip)) continue;
    if (memcmp(session->source + 12, frame->from, 4) == 0 && came_back(session, frame->bytes, frame->len)) {
      memcpy(session->echo.mac, mac, sizeof session->echo.mac);
      session->echo.mac_ns = bfd_now_ns();
      return;
    }
    if (memcmp(session->peer.to.ip + 12, frame->from, 4) != 0) continue;
    if (frame->ttl != SENT_TTL) {
      reflex->counts[BFD_TTL]++;
    } else if (!kernel_forwards(session) && may_loop(reflex, session)) {
      bfd_age_frame(bytes);
      if (send_frame(tap, mac, bytes, frame->frame_len) == 0) session->counts[BFD_LOOPED]++;
    }
    return;
  }
}

static bool serve_tap(struct bfd_reflex *reflex, const struct bfd_socket *tap, int limit) {
  for (int i = 0; i < limit; i++) {
    uint8_t bytes[14 + MOST_FRAME];
    struct sockaddr_ll source = {0};
    socklen_t source_len = sizeof source;
    struct bfd_echo_frame frame;
    ssize_t len = recvfrom(tap->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&source, &source_len);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (len > (ssize_t)sizeof bytes) reflex->counts[BFD_OVERSIZED]++;
    if (len < 14 || len > (ssize_t)sizeof bytes || source.sll_pkttype != PACKET_HOST) continue;
    if (bfd_read_echo_frame(bytes + 14, (size_t)len - 14, &frame)) take_frame(reflex, tap, bytes + 6, bytes + 14, &frame);
  }
  return false;
}

bool bfd_serve_echo(struct bfd_reflex *reflex, const struct bfd_socket *socket, int limit) {
  if (socket->kind == BFD_TAP) return serve_tap(reflex, socket, limit);
  for (int i = 0; i < limit; i++) {
    uint8_t bytes[BFD_MAX_BYTES];
    struct bfd_arrival arrival;
    int got = bfd_receive(reflex, socket, bytes, &arrival);
    if (got < 0) return true;
    if (got > 0) take_datagram(reflex, socket, &arrival);
  }
  return false;
}
