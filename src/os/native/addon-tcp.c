// SPDX-License-Identifier: Apache-2.0
/* Options of TCP sockets that Node does not know. Descriptors are Node's once it has them: `tcpClose` is for those before. */
#define _GNU_SOURCE /* struct tcp_md5sig, IP_BIND_ADDRESS_NO_PORT */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define INTERNET_CONTROL 0xc0 /* precedence of routing protocols: the last that a full link drops */

static int32_t int32_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

static int set_number(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

static int domain_of(int fd) {
  int domain = AF_INET;
  socklen_t len = sizeof domain;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
  return domain;
}

/* 16 bytes, IPv4 as ::ffff:a.b.c.d, become an address of the socket's family. */
static socklen_t address_of(int fd, const uint8_t ip[16], struct sockaddr_storage *out) {
  if (domain_of(fd) == AF_INET6) {
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)out;
    address->sin6_family = AF_INET6;
    memcpy(&address->sin6_addr, ip, 16);
    return sizeof *address;
  }
  struct sockaddr_in *address = (struct sockaddr_in *)out;
  address->sin_family = AF_INET;
  memcpy(&address->sin_addr, ip + 12, 4);
  return sizeof *address;
}

/* tcpOpen(4 | 6): descriptor | -errno. One of IPv6 that is bound to :: hears IPv4, too. */
static napi_value tcp_open(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  bool is_v6 = int32_of(env, arguments[0]) == 6;
  int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return addon_number(env, -errno);
  set_number(fd, IPPROTO_IP, IP_TOS, INTERNET_CONTROL); /* a wish: without it all works */
  if (is_v6) set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, INTERNET_CONTROL);
  int result = is_v6 ? set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) : 0;
  if (result == 0) return addon_number(env, fd);
  close(fd);
  return addon_number(env, result);
}

/* tcpSetDevice(fd, name): 0 | -errno */
static napi_value set_device(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *name = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 2, arguments) || !addon_bytes(env, arguments[1], &name, &len)) return NULL;
  if (len == 0 || len >= IFNAMSIZ) return addon_number(env, -ENODEV); /* the kernel would cut it, or unbind */
  int result = setsockopt(int32_of(env, arguments[0]), SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)len);
  return addon_number(env, result == 0 ? 0 : -errno);
}

/* tcpSetHops(fd, ttl, minTtl): 0 | -errno. A socket of IPv6 may speak IPv4, so it gets both; 0: any that comes is right. */
static napi_value set_hops(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  if (!addon_arguments(env, info, 3, arguments)) return NULL;
  int fd = int32_of(env, arguments[0]);
  int ttl = int32_of(env, arguments[1]);
  int min_ttl = int32_of(env, arguments[2]);
  int result = set_number(fd, IPPROTO_IP, IP_TTL, ttl);
  if (result == 0) result = set_number(fd, IPPROTO_IP, IP_MINTTL, min_ttl);
  if (domain_of(fd) == AF_INET6) {
    if (result == 0) result = set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
    if (result == 0) result = set_number(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, min_ttl);
  }
  return addon_number(env, result);
}

/*
 * tcpSetKey(fd, ip, prefixBits, key): 0 | -errno. An empty key takes away the one of exactly this prefix. Only the extended
 * option looks at prefixes; the bits of an IPv4 one count from the dotted address on sockets of IPv6, too.
 */
static napi_value set_key(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *ip = NULL;
  uint8_t *key = NULL;
  size_t ip_len = 0;
  size_t key_len = 0;
  if (!addon_arguments(env, info, 4, arguments) || !addon_bytes(env, arguments[1], &ip, &ip_len) ||
      !addon_bytes(env, arguments[3], &key, &key_len))
    return NULL;
  if (ip_len != 16 || key_len > TCP_MD5SIG_MAXKEYLEN) return addon_number(env, -EINVAL);
  int fd = int32_of(env, arguments[0]);
  struct tcp_md5sig request = {.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
                               .tcpm_prefixlen = (uint8_t)int32_of(env, arguments[2]),
                               .tcpm_keylen = (uint16_t)key_len};
  struct sockaddr_storage address = {0};
  address_of(fd, ip, &address);
  memcpy(&request.tcpm_addr, &address, sizeof address);
  memcpy(request.tcpm_key, key, key_len);
  int result = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &request, sizeof request) == 0 ? 0 : -errno;
  explicit_bzero(&request, sizeof request);
  return addon_number(env, result);
}

/* tcpBind(fd, ip, port, scope: name of an interface, or empty): 0 | -errno. Port 0: who connects gets one then. */
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *ip = NULL;
  uint8_t *scope = NULL;
  size_t ip_len = 0;
  size_t scope_len = 0;
  if (!addon_arguments(env, info, 4, arguments) || !addon_bytes(env, arguments[1], &ip, &ip_len) ||
      !addon_bytes(env, arguments[3], &scope, &scope_len))
    return NULL;
  if (ip_len != 16) return addon_number(env, -EINVAL);
  int fd = int32_of(env, arguments[0]);
  uint16_t port = htons((uint16_t)int32_of(env, arguments[2]));
  struct sockaddr_storage address = {0};
  socklen_t len = address_of(fd, ip, &address);
  if (address.ss_family == AF_INET6) {
    char name[IFNAMSIZ] = {0};
    if (scope_len >= sizeof name) return addon_number(env, -ENODEV);
    memcpy(name, scope, scope_len);
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    v6->sin6_port = port;
    v6->sin6_scope_id = scope_len > 0 ? if_nametoindex(name) : 0;
    if (scope_len > 0 && v6->sin6_scope_id == 0) return addon_number(env, -ENODEV);
  } else {
    ((struct sockaddr_in *)&address)->sin_port = port;
  }
  return addon_number(env, bind(fd, (struct sockaddr *)&address, len) == 0 ? 0 : -errno);
}

/* tcpPrepare(fd, isListening): 0 | -errno. Before it is bound: a listener keeps SYNs, a dialler shares its ports. */
static napi_value prepare(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bool is_listening = false;
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  int fd = int32_of(env, arguments[0]);
  napi_get_value_bool(env, arguments[1], &is_listening);
  if (!is_listening) return addon_number(env, set_number(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
  int result = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return addon_number(env, result == 0 ? set_number(fd, IPPROTO_TCP, TCP_SAVE_SYN, 1) : result);
}

/* tcpSyn(fd, out): bytes of IP and TCP header that the connection began with, once; 0 where none were kept | -errno */
static napi_value saved_syn(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *out = NULL;
  size_t size = 0;
  if (!addon_arguments(env, info, 2, arguments) || !addon_bytes(env, arguments[1], &out, &size)) return NULL;
  socklen_t len = (socklen_t)size;
  if (getsockopt(int32_of(env, arguments[0]), IPPROTO_TCP, TCP_SAVED_SYN, out, &len) != 0)
    return addon_number(env, -errno);
  return addon_number(env, len);
}

/* tcpClose(fd) */
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (addon_arguments(env, info, 1, arguments)) close(int32_of(env, arguments[0]));
  return NULL;
}

void addon_init_tcp(napi_env env, napi_value exports) {
  addon_export(env, exports, "tcpOpen", tcp_open);
  addon_export(env, exports, "tcpSetDevice", set_device);
  addon_export(env, exports, "tcpSetHops", set_hops);
  addon_export(env, exports, "tcpSetKey", set_key);
  addon_export(env, exports, "tcpPrepare", prepare);
  addon_export(env, exports, "tcpBind", bind_socket);
  addon_export(env, exports, "tcpSyn", saved_syn);
  addon_export(env, exports, "tcpClose", close_socket);
}
