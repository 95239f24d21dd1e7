// SPDX-License-Identifier: Apache-2.0
/* The reflex's UDP sockets: how they are bound, and datagrams with what the kernel knows about them. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bfd-reflex-state.h"

#define NETWORK_CONTROL 0xc0 /* DSCP CS6: what keeps networks running goes first */
#define FIRST_PORT 49152     /* RFC 5881 §4: of all that are sent from */
#define PORTS 16384

bool bfd_is_ipv4(const uint8_t ip[16]) {
  return memcmp(ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
}

static bool is_link_local(const uint8_t ip[16]) {
  return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static socklen_t to_sockaddr(const struct bfd_address *address, uint32_t scope, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (bfd_is_ipv4(address->ip)) {
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
  if (is_link_local(address->ip)) in->sin6_scope_id = scope;
  return sizeof *in;
}

static void from_sockaddr(const struct sockaddr_storage *source, struct bfd_address *from) {
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

static bool set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool set_options(int fd, bool ipv4, int ttl) {
  if (ipv4)
    return set_int(fd, IPPROTO_IP, IP_TTL, ttl) && set_int(fd, IPPROTO_IP, IP_RECVTTL, 1) &&
           set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) && set_int(fd, IPPROTO_IP, IP_TOS, NETWORK_CONTROL);
  return set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl) &&
         set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) && set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, NETWORK_CONTROL);
}

static bool set_device(int fd, const char *device) {
  return device[0] == 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) == 0;
}

/* Some 500 packets, as far as net.core.rmem_max lets it: a burst must not push out what keeps others alive. */
static const int RECEIVE_BYTES = 1 << 20;

static int open_udp(const struct bfd_local *local) {
  bool ipv4 = bfd_is_ipv4(local->at.ip);
  int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (set_options(fd, ipv4, local->ttl) && set_device(fd, local->device)) return fd;
  int error = -errno;
  close(fd);
  return error;
}

static int bind_to(int fd, const struct bfd_local *local) {
  struct sockaddr_storage address;
  socklen_t len = to_sockaddr(&local->at, if_nametoindex(local->device), &address);
  return bind(fd, (struct sockaddr *)&address, len) == 0 ? 0 : -errno;
}

int bfd_bind_udp(const struct bfd_local *local) {
  int fd = open_udp(local);
  int error = fd < 0 ? fd : bind_to(fd, local);
  if (error == 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  if (error == 0) return fd;
  if (fd >= 0) close(fd);
  return error;
}

static bool port_taken(const struct bfd_reflex *reflex, uint16_t port) {
  const struct bfd_session *session = reflex->sessions;
  while (session && session->port != port) session = session->next;
  return session != NULL;
}

int bfd_bind_source(struct bfd_reflex *reflex, struct bfd_session *session, const struct bfd_local *local) {
  /* Nothing comes to these ports that we want: it must not fill the kernel's memory. */
  struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog filter = {.len = 1, .filter = &refuse};
  struct bfd_local at = *local;
  int fd = open_udp(&at);
  if (fd < 0) return fd;
  int error = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? -EADDRINUSE : -errno;
  uint32_t start = (uint32_t)bfd_random(&reflex->random) % PORTS;
  for (uint32_t i = 0; i < PORTS && error == -EADDRINUSE; i++) {
    at.at.port = (uint16_t)(FIRST_PORT + (start + i) % PORTS);
    if (!port_taken(reflex, at.at.port)) error = bind_to(fd, &at);
  }
  if (error != 0) return close(fd), error;
  session->fd = fd;
  session->port = at.at.port;
  return 0;
}

static bool has_lost_device(int fd) {
  char name[IFNAMSIZ];
  socklen_t len = sizeof name;
  return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) != 0 && errno == ENODEV;
}

bool bfd_is_cut_off(struct bfd_reflex *reflex, int32_t id) {
  pthread_mutex_lock(&reflex->lock);
  const struct bfd_session *session = bfd_find_session(reflex, id);
  const struct bfd_socket *socket = session ? bfd_find_socket(reflex, session->peer.socket) : NULL;
  bool result = false;
  if (socket) {
    struct ifreq name = {.ifr_ifindex = (int)session->scope};
    bool is_gone = session->scope != 0 && ioctl(socket->fd, SIOCGIFNAME, &name) != 0 && errno == ENODEV;
    result = is_gone || has_lost_device(socket->fd);
  }
  pthread_mutex_unlock(&reflex->lock);
  return result;
}

int bfd_add_socket(struct bfd_reflex *reflex, struct bfd_socket *socket) {
  socket->id = ++reflex->last_id;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)socket->id};
  if (epoll_ctl(reflex->epoll, EPOLL_CTL_ADD, socket->fd, &event) != 0) return -errno;
  socket->next = reflex->sockets;
  reflex->sockets = socket;
  return 0;
}

static void read_control(struct msghdr *message, struct bfd_arrival *arrival) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
    bool ipv4 = control->cmsg_level == IPPROTO_IP;
    if (!ipv4 && control->cmsg_level != IPPROTO_IPV6) continue;
    if (control->cmsg_type == (ipv4 ? IP_TTL : IPV6_HOPLIMIT)) {
      memcpy(&arrival->ttl, CMSG_DATA(control), sizeof arrival->ttl);
    } else if (ipv4 && control->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(control), sizeof info);
      memcpy(arrival->to, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
      memcpy(arrival->to + 12, &info.ipi_addr, 4);
      arrival->ifindex = (uint32_t)info.ipi_ifindex;
    } else if (!ipv4 && control->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(control), sizeof info);
      memcpy(arrival->to, &info.ipi6_addr, 16);
      arrival->ifindex = info.ipi6_ifindex;
    }
  }
}

int bfd_receive(struct bfd_reflex *reflex, const struct bfd_socket *socket, uint8_t *bytes,
                struct bfd_arrival *arrival) {
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
  struct sockaddr_storage source = {0};
  struct iovec part = {bytes, BFD_MAX_BYTES};
  struct msghdr message = {.msg_name = &source, .msg_namelen = sizeof source, .msg_iov = &part, .msg_iovlen = 1};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t len = recvmsg(socket->fd, &message, MSG_DONTWAIT);
  if (len < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0; /* reading what a link that went down left */
  if (message.msg_flags & MSG_TRUNC) {
    reflex->counts[BFD_OVERSIZED]++;
    return 0;
  }
  *arrival = (struct bfd_arrival){.socket = socket->id, .ttl = -1, .bytes = bytes, .len = (size_t)len};
  read_control(&message, arrival);
  from_sockaddr(&source, &arrival->from);
  return 1;
}

static void *add_control(struct msghdr *message, int level, int type, size_t len) {
  struct cmsghdr *control = (void *)((uint8_t *)message->msg_control + message->msg_controllen);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(len);
  message->msg_controllen += CMSG_SPACE(len);
  return CMSG_DATA(control);
}

static void write_control(struct msghdr *message, const struct bfd_route *route) {
  bool ipv4 = bfd_is_ipv4(route->to.ip);
  if (ipv4) {
    struct in_pktinfo info = {.ipi_ifindex = (int)route->ifindex};
    memcpy(&info.ipi_spec_dst, route->source + 12, 4);
    memcpy(add_control(message, IPPROTO_IP, IP_PKTINFO, sizeof info), &info, sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_ifindex = route->ifindex};
    memcpy(&info.ipi6_addr, route->source, 16);
    memcpy(add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info, sizeof info);
  }
  if (route->ttl == 0) return;
  void *ttl = add_control(message, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TTL : IPV6_HOPLIMIT, sizeof route->ttl);
  memcpy(ttl, &route->ttl, sizeof route->ttl);
}

int bfd_send_by(int fd, const struct bfd_route *route, const uint8_t *bytes, size_t len) {
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
  struct sockaddr_storage to;
  struct iovec part = {(void *)bytes, len};
  struct msghdr message = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
  message.msg_namelen = to_sockaddr(&route->to, route->scope, &to);
  if (route->ifindex || route->ttl) write_control(&message, route);
  if (message.msg_controllen == 0) message.msg_control = NULL;
  int error = 0;
  /* The second time after an error that an earlier packet had left on the socket, which asking has cleared. */
  for (int i = 0; i < 2; i++) {
    error = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
    if (error != -EINTR && error != -ECONNREFUSED) break;
  }
  return error;
}

int bfd_transmit(struct bfd_reflex *reflex, struct bfd_session *session, const uint8_t *bytes, size_t len) {
  const struct bfd_socket *socket = session->fd < 0 ? bfd_find_socket(reflex, session->peer.socket) : NULL;
  if (session->fd < 0 && !socket) return -ENOENT;
  struct bfd_route route = {.to = session->peer.to, .scope = session->scope};
  if (socket) { /* a socket of its own knows both */
    route.ifindex = session->scope;
    memcpy(route.source, socket->local.at.ip, sizeof route.source);
  }
  int error = bfd_send_by(socket ? socket->fd : session->fd, &route, bytes, len);
  if (error == 0) session->counts[BFD_CONTROL_OUT]++;
  reflex->counts[error == 0 ? BFD_SENT : BFD_UNSENT]++; /* a full queue, no route, link down: the next turn may be luckier */
  return error;
}
