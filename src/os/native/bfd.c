// SPDX-License-Identifier: Apache-2.0
#include "bfd.h"

#include <string.h>

#define YOUR_DISCRIMINATOR 8
#define SECOND_NS 1000000000ull
#define SHORTEST_NS 1000000ull /* whoever asks for less would have the thread spin */

static uint32_t read32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool bfd_is_for(const struct bfd_peer *peer, const struct bfd_arrival *arrival) {
  if (arrival->socket != peer->socket || memcmp(arrival->from.ip, peer->to.ip, sizeof peer->to.ip) != 0) return false;
  if (peer->remote_port >= 0 && arrival->from.port != peer->remote_port) return false;
  if (arrival->len < YOUR_DISCRIMINATOR + 4) return false;
  uint32_t discriminator = read32(arrival->bytes + YOUR_DISCRIMINATOR);
  return discriminator == 0 || discriminator == peer->discriminator;
}

bool bfd_is_by(const struct bfd_peer *peer, uint32_t ifindex) {
  return peer->ifindex == 0 || peer->ifindex == ifindex;
}

bool bfd_is_expected(const struct bfd_arrival *arrival, const uint8_t *expected, size_t len) {
  return len > 0 && arrival->len == len && memcmp(arrival->bytes, expected, len) == 0;
}

uint64_t bfd_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545f4914f6cdd1dull;
}

uint64_t bfd_slack_ns(uint64_t interval_ns) {
  return interval_ns >= 16 * BFD_REST_NS ? BFD_REST_NS : 0;
}

uint64_t bfd_turn_ns(uint64_t interval_ns, uint32_t detect_mult, uint64_t random) {
  uint64_t slack = bfd_slack_ns(interval_ns);
  uint64_t most_cut = interval_ns / 4 - slack;
  uint64_t least_cut = (detect_mult == 1 ? interval_ns / 10 + 1 : 0) + slack;
  uint64_t span = most_cut > least_cut ? most_cut - least_cut : 0;
  uint64_t cut = least_cut + random % (span + 1);
  return interval_ns > SHORTEST_NS + cut ? interval_ns - cut : SHORTEST_NS;
}

bool bfd_within(struct bfd_window *window, uint32_t limit, uint64_t now_ns) {
  if (window->count == 0 || now_ns - window->since_ns >= SECOND_NS) *window = (struct bfd_window){.since_ns = now_ns};
  if (window->count >= limit) return false;
  window->count++;
  return true;
}

bool bfd_stranger_within(struct bfd_strangers *strangers, const struct bfd_address *from, uint64_t now_ns) {
  uint64_t hash = strangers->secret;
  for (size_t i = 0; i < sizeof from->ip; i++) hash = (hash ^ from->ip[i]) * 0x100000001b3ull;
  struct bfd_window *slot = &strangers->slots[hash >> 56];
  /* Its own limit first: one that is over it must not use up what is left for others. */
  return bfd_within(slot, BFD_TOLD_PER_SECOND, now_ns) &&
         bfd_within(&strangers->all, BFD_STRANGERS_PER_SECOND, now_ns);
}
