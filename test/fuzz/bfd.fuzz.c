// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target for src/os/native/bfd.c and bfd-echo-frame.c. The first 32 bytes are numbers for the session and the
 * clock; the rest is a packet. Everything lies in memory of exactly its size, so that AddressSanitizer sees a read one byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/os/native/bfd-echo-frame.h"
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

static void try_turn(const uint8_t *data) {
  uint64_t interval = number(data, 11, 4) * 1000;
  uint32_t mult = data[15];
  uint64_t state = number(data, 16, 8) | 1;
  uint64_t turn = bfd_turn_ns(interval, mult, bfd_random(&state));
  require(state != 0 && turn >= 1000000);
  if (interval <= 2000000) return; /* the least wait comes in between */
  uint64_t slack = bfd_slack_ns(interval);
  require(turn - slack >= interval - interval / 4 && turn + slack <= interval);
  require(mult != 1 || turn + slack <= interval / 10 * 9 + 9);
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

static uint32_t sum_of(const uint8_t *bytes, size_t len) {
  uint32_t sum = 0;
  for (size_t i = 0; i < len; i++) sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/* What is sent back is the packet itself, but for its TTL, and for its checksum in step with that. */
static void try_frame(const uint8_t *bytes, size_t len) {
  struct bfd_echo_frame frame;
  if (!bfd_read_echo_frame(bytes, len, &frame)) return;
  require(frame.frame_len <= len && frame.bytes >= bytes + 28 && frame.bytes + frame.len <= bytes + frame.frame_len);
  require(bytes[0] >> 4 == 4 && bytes[9] == 17 && number(frame.bytes - 6, 0, 2) == BFD_ECHO_PORT);
  uint8_t *aged = malloc(len);
  require(aged != NULL);
  memcpy(aged, bytes, len);
  bfd_age_frame(aged);
  require(aged[8] == (frame.ttl == 0 ? 0 : frame.ttl - 1));
  size_t header = (size_t)(bytes[0] & 15) * 4;
  require(sum_of(bytes, header) != 0xffff || sum_of(aged, header) == 0xffff);
  aged[8] = bytes[8];
  memcpy(aged + 10, bytes + 10, 2);
  require(memcmp(aged, bytes, len) == 0);
  free(aged);
}

/* An echo is one of the session and number that it was written with, alone or in a frame, and no other's. */
static void try_echo(const uint8_t *data, const uint8_t *bytes, size_t len) {
  uint8_t echo[BFD_ECHO_BYTES];
  uint8_t whole[BFD_ECHO_FRAME_BYTES];
  struct bfd_echo_frame frame;
  uint32_t discriminator = (uint32_t)number(data, 3, 4);
  uint64_t secret = number(data, 16, 8);
  bfd_write_echo(echo, discriminator, secret);
  require(bfd_echo_number(echo, sizeof echo, discriminator) == secret);
  require(bfd_echo_number(echo, sizeof echo, discriminator + 1) == 0);
  require(bfd_echo_number(echo, sizeof echo - 1, discriminator) == 0);
  bfd_echo_number(bytes, len, discriminator);
  bfd_write_echo_frame(whole, data + 8, echo);
  require(bfd_read_echo_frame(whole, sizeof whole, &frame) && frame.ttl == 255 && frame.frame_len == sizeof whole);
  require(memcmp(frame.from, data + 8, 4) == 0 && memcmp(frame.to, data + 8, 4) == 0);
  require(bfd_echo_number(frame.bytes, frame.len, discriminator) == secret);
  require(sum_of(whole, 20) == 0xffff);
  uint8_t pseudo[12] = {0, 17, 0, 8 + BFD_ECHO_BYTES};
  memcpy(pseudo + 4, whole + 12, 8);
  uint32_t sum = sum_of(pseudo, sizeof pseudo) + sum_of(whole + 20, sizeof whole - 20);
  require((sum & 0xffff) + (sum >> 16) == 0xffff);
  bfd_age_frame(whole);
  require(whole[8] == 254 && sum_of(whole, 20) == 0xffff);
  for (size_t cut = 0; cut < sizeof whole; cut++) require(!bfd_read_echo_frame(whole, cut, &frame));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < NUMBERS) return 0;
  size_t len = size - NUMBERS;
  uint8_t *bytes = malloc(len ? len : 1);
  require(bytes != NULL);
  memcpy(bytes, data + NUMBERS, len);
  try_packet(data, bytes, len);
  try_turn(data);
  try_limits(data);
  try_frame(bytes, len);
  try_echo(data, bytes, len);
  free(bytes);
  return 0;
}
