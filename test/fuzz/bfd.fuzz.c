// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target for src/os/native/bfd.c. The first 32 bytes are numbers for the session and the clock; the rest is a
 * packet. Everything lies in memory of exactly its size, so that AddressSanitizer sees a read one byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/os/native/bfd.h"

#define NUMBERS 32

static void require(bool holds) {
  if (!holds) abort();
}

static uint64_t number(const uint8_t *data, size_t at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) value = value << 8 | data[at + i];
  return value;
}

/* Written the long way: what belongs to the session has its discriminator or none. */
static bool may_be_for(const struct bfd_peer *peer, const struct bfd_arrival *arrival) {
  if (arrival->len < 12) return false;
  uint64_t discriminator = number(arrival->bytes, 8, 4);
  return (discriminator == 0 || discriminator == peer->discriminator) &&
         (peer->remote_port < 0 || arrival->from.port == peer->remote_port);
}

static void try_packet(const uint8_t *data, const uint8_t *bytes, size_t len) {
  struct bfd_peer peer = {.socket = data[0] & 1, .remote_port = (int32_t)number(data, 1, 2) - 1};
  peer.discriminator = (uint32_t)number(data, 3, 4);
  struct bfd_arrival arrival = {.socket = 0, .ttl = data[7], .bytes = bytes, .len = len};
  arrival.from.port = (uint16_t)number(data, 8, 2);
  peer.to.ip[15] = data[10] & 1;
  bool is_for = bfd_is_for(&peer, &arrival);
  require(is_for == (peer.socket == 0 && peer.to.ip[15] == 0 && may_be_for(&peer, &arrival)));
  require(bfd_is_expected(&arrival, bytes, len) == (len > 0));
  require(!bfd_is_expected(&arrival, bytes, len > 0 ? len - 1 : 0));
}

static void try_wait(const uint8_t *data) {
  uint64_t interval = number(data, 11, 4) * 1000;
  uint32_t mult = data[15];
  uint64_t state = number(data, 16, 8) | 1;
  uint64_t wait = bfd_wait_ns(interval, mult, bfd_random(&state));
  require(state != 0 && wait >= 1000000);
  if (interval <= 2000000) return; /* the least wait comes in between */
  require(wait >= interval - interval / 4 && wait <= interval);
  require(mult != 1 || wait <= interval / 10 * 9 + 9);
}

/* At most so many a second by one source, whatever the clock does. */
static void try_limits(const uint8_t *data) {
  struct bfd_strangers *strangers = calloc(1, sizeof *strangers);
  require(strangers != NULL);
  strangers->secret = number(data, 16, 8);
  struct bfd_address from = {0};
  memcpy(from.ip, data + 8, 16);
  uint64_t now = number(data, 24, 8);
  unsigned passed = 0;
  for (int i = 0; i < 3 * BFD_TOLD_PER_SECOND; i++) passed += bfd_stranger_within(strangers, &from, now + (uint64_t)i);
  require(passed <= 2 * BFD_TOLD_PER_SECOND && passed >= BFD_TOLD_PER_SECOND);
  free(strangers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < NUMBERS) return 0;
  size_t len = size - NUMBERS;
  uint8_t *bytes = malloc(len ? len : 1);
  require(bytes != NULL);
  memcpy(bytes, data + NUMBERS, len);
  try_packet(data, bytes, len);
  try_wait(data);
  try_limits(data);
  free(bytes);
  return 0;
}
