// SPDX-License-Identifier: Apache-2.0
/*
 * The whole reflex with its thread, in a network namespace of its own, for AddressSanitizer or ThreadSanitizer: what
 * JavaScript may call is called in any order, with sessions that talk to one another. `bfd-reflex SECONDS SEED`.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/os/native/bfd-reflex.h"

#define SOCKETS 8
#define SESSIONS 64
#define EVENTS 4096
#define MILLISECOND_NS 1000000ull

static struct bfd_reflex *reflex;
static int32_t sockets[SOCKETS];
static int32_t sessions[SESSIONS];
static uint64_t random_state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bfd_event events[EVENTS];
static size_t waiting;
static unsigned long told;

static uint32_t below(uint32_t limit) {
  return (uint32_t)(bfd_random(&random_state) >> 32) % limit;
}

static bool report(void *context, const struct bfd_event *event) {
  (void)context;
  pthread_mutex_lock(&lock);
  bool has_room = waiting < EVENTS;
  if (has_room) events[waiting++] = *event;
  pthread_mutex_unlock(&lock);
  return has_room;
}

static void hear(void) {
  struct bfd_event event;
  pthread_mutex_lock(&lock);
  bool has_one = waiting > 0;
  if (has_one) event = events[--waiting];
  pthread_mutex_unlock(&lock);
  if (!has_one) return;
  told++;
  bfd_taken(reflex, &event);
}

/* Of the loopback interface; 0: any. */
static struct bfd_address address(bool ipv4, uint8_t host, uint16_t port) {
  struct bfd_address result = {.port = port};
  if (ipv4) memcpy(result.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (ipv4 && host) result.ip[12] = 127;
  if (!ipv4 && host) result.ip[0] = 0xfd;
  result.ip[15] = host;
  return result;
}

static void open_socket(uint32_t at) {
  struct bfd_local local = {.at = address(at % 2, 0, (uint16_t)(3784 + at / 2)), .ttl = 255};
  if (at / 2 == 1) strcpy(local.device, "lo");
  bfd_close_socket(reflex, sockets[at]);
  sockets[at] = bfd_open_socket(reflex, &local);
}

static void open_session(uint32_t at) {
  uint32_t on = below(SOCKETS);
  struct bfd_peer peer = {.socket = sockets[on], .remote_port = -1, .discriminator = at + 1, .min_ttl = 255};
  struct bfd_origin origin = {.has_source = below(4) != 0};
  peer.to = address(on % 2, (uint8_t)(1 + below(8)), (uint16_t)(3784 + on / 2));
  memcpy(origin.source, address(on % 2, (uint8_t)(1 + below(8)), 0).ip, sizeof origin.source);
  if (below(2)) strcpy(origin.device, "lo");
  bfd_close_session(reflex, sessions[at]);
  sessions[at] = bfd_open_session(reflex, &peer, &origin);
}

static void order(int32_t session, uint32_t number) {
  uint8_t bytes[BFD_MAX_BYTES] = {[0] = (uint8_t)below(3), [11] = (uint8_t)below(SESSIONS + 1)};
  struct bfd_orders orders = {.number = number, .packet = bytes, .expected = bytes, .detect_mult = 1 + below(3)};
  orders.packet_len = below(3) ? 24 : below(BFD_MAX_BYTES + 2);
  orders.expected_len = below(2) ? 24 : 0;
  orders.interval_ns = below(50) * MILLISECOND_NS;
  orders.detect_ns = below(40) * MILLISECOND_NS;
  orders.now = below(2);
  bfd_order(reflex, session, &orders);
  struct bfd_echo_orders echo = {.number = number, .interval_ns = below(30) * MILLISECOND_NS};
  echo.detect_ns = below(60) * MILLISECOND_NS;
  if (below(4) == 0) bfd_order_echo(reflex, session, &echo);
}

static void look(int32_t session) {
  uint64_t counts[BFD_COUNTS];
  uint64_t of_session[BFD_SESSION_COUNTS];
  bfd_read(reflex, counts);
  bfd_read_session(reflex, session, of_session);
  bfd_is_cut_off(reflex, session);
  for (int fd = bfd_unused(reflex); fd >= 0; fd = bfd_unused(reflex)) close(fd);
}

static void act(uint32_t number) {
  uint32_t at = below(SESSIONS);
  uint32_t what = below(100);
  if (what < 1) open_socket(below(SOCKETS));
  else if (what < 5) open_session(at);
  else if (what < 30) order(sessions[at], number);
  else if (what < 40) look(sessions[at]);
  else if (what < 50) bfd_send(reflex, sessions[at], (const uint8_t[24]){[11] = 1}, 24);
  else hear();
  if (below(400) == 0) usleep(below(3000));
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  random_state = (uint64_t)atoll(arguments[2]) | 1;
  if (bfd_open(&reflex, 20, report, NULL) != 0) return 3;
  time_t end = time(NULL) + atoi(arguments[1]);
  for (uint32_t i = 0; i < SOCKETS; i++) open_socket(i);
  for (uint32_t number = 0; time(NULL) < end; number++) act(number);
  uint64_t counts[BFD_COUNTS];
  bfd_read(reflex, counts);
  bfd_close(reflex);
  printf("%lu %lu\n", (unsigned long)counts[BFD_SENT], told);
  return 0;
}
