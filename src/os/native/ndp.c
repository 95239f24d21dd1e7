// SPDX-License-Identifier: Apache-2.0
#include "ndp.h"

#include <string.h>

enum { ETH_DST = 0, ETH_SRC = 6, ETH_TYPE = 12, IP_VERSION = 14, IP_LENGTH = 18, NEXT_HEADER = 20, HOP_LIMIT = 21 };
enum { IP_SRC = 22, IP_DST = 38, TYPE = 54, CODE = 55, CHECKSUM = 56, FLAGS = 58, TARGET = 62, OPTIONS = 78 };
enum { ICMPV6 = 58, SOLICITATION = 135, ADVERTISEMENT = 136, SOURCE_ADDRESS = 1, TARGET_ADDRESS = 2 };
enum { FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20, MULTICAST = 0xff, OPTION_UNIT = 8 };

static const uint8_t UNSPECIFIED[16] = {0};
static const uint8_t ALL_NODES[16] = {0xff, 0x02, [15] = 1};
static const uint8_t ALL_NODES_MAC[6] = {0x33, 0x33, 0, 0, 0, 1};
/* The solicited-node group of an address is these bytes and the last three of the address (RFC 4291 §2.7.1). */
static const uint8_t GROUP[13] = {0xff, 0x02, [11] = 1, 0xff};
static const uint8_t GROUP_MAC[3] = {0x33, 0x33, 0xff};
/* EtherType, version 6 without class or flow, 32 bytes of ICMPv6, hop limit 255. */
static const uint8_t HEADER[10] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, NDP_ANSWER_BYTES - TYPE, ICMPV6, 255};

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

/* The one's complement sum (RFC 1071) over ICMPv6 and its pseudo-header (RFC 8200 §8.1): 0xffff where the checksum in it
 * is right. At most 2¹⁵ words, which 32 bits hold. */
static uint16_t sum(const uint8_t *bytes, size_t length) {
  uint32_t total = (uint32_t)length + ICMPV6;
  for (size_t at = IP_SRC; at < TYPE; at += 2) total += read16(bytes + at);
  for (size_t at = 0; at + 1 < length; at += 2) total += read16(bytes + TYPE + at);
  if (length % 2 == 1) total += (uint32_t)bytes[TYPE + length - 1] << 8;
  while (total > 0xffff) total = (total >> 16) + (total & 0xffff);
  return (uint16_t)total;
}

/* Finds the first option of a type that holds an Ethernet address. Each turn goes on by at least 8 bytes, or ends. */
static long read_options(const uint8_t *at, const uint8_t *end, uint8_t type, const uint8_t **mac) {
  *mac = NULL;
  while (at < end) {
    size_t left = (size_t)(end - at);
    if (left < OPTION_UNIT || at[1] == 0 || at[1] * (size_t)OPTION_UNIT > left) return -DROP_OPTION;
    if (at[0] == type && !*mac) {
      if (at[1] != 1 || (at[2] & 1) != 0) return -DROP_OPTION; /* 6 bytes, and no group's address */
      *mac = at + 2;
    }
    at += at[1] * (size_t)OPTION_UNIT;
  }
  return 0;
}

/* Everything RFC 4861 §7.1 asks of both messages: 0, with the MAC in its option or NULL; or a negative drop. Bytes behind
 * the packet are padding. */
static long parse(const struct neighbor_frame *frame, const uint8_t **mac) {
  const uint8_t *bytes = frame->bytes;
  if (frame->len < OPTIONS || memcmp(bytes + ETH_TYPE, HEADER, 2) != 0) return -DROP_MALFORMED;
  size_t length = read16(bytes + IP_LENGTH);
  if (bytes[IP_VERSION] >> 4 != 6 || bytes[NEXT_HEADER] != ICMPV6) return -DROP_MALFORMED;
  if (length < OPTIONS - TYPE || length > frame->len - TYPE) return -DROP_MALFORMED;
  if (bytes[TYPE] != SOLICITATION && bytes[TYPE] != ADVERTISEMENT) return -DROP_MALFORMED;
  if (bytes[CODE] != 0 || bytes[TARGET] == MULTICAST) return -DROP_MALFORMED;
  if (bytes[HOP_LIMIT] != 255) return -DROP_HOP_LIMIT;
  if (sum(bytes, length) != 0xffff) return -DROP_CHECKSUM;
  uint8_t wanted = bytes[TYPE] == SOLICITATION ? SOURCE_ADDRESS : TARGET_ADDRESS;
  return read_options(bytes + OPTIONS, bytes + TYPE + length, wanted, mac);
}

static bool from_nobody(const uint8_t *bytes) { return memcmp(bytes + IP_SRC, UNSPECIFIED, 16) == 0; }

/* Somebody who cannot be: a group, or nobody yet with a link-layer address (§7.1.1). */
static bool is_impossible(const uint8_t *asked, const uint8_t *mac) {
  return asked[IP_SRC] == MULTICAST || (asked[ETH_SRC] & 1) != 0 || (from_nobody(asked) && mac);
}

static bool to_group(const uint8_t *bytes) {
  return memcmp(bytes + IP_DST, GROUP, 13) == 0 && memcmp(bytes + IP_DST + 13, bytes + TARGET + 13, 3) == 0;
}

/* To our MAC, or to the group of the target; and so in both headers, but that a group may come to our MAC alone, as access
 * points convert it. Only somebody with an address may ask the target itself (§7.1.1). */
static bool to_us(const uint8_t *bytes, const uint8_t *mac) {
  bool group = to_group(bytes);
  if (!group && (from_nobody(bytes) || memcmp(bytes + IP_DST, bytes + TARGET, 16) != 0)) return false;
  if (memcmp(bytes + ETH_DST, mac, 6) == 0) return true;
  return group && memcmp(bytes + ETH_DST, GROUP_MAC, 3) == 0 && memcmp(bytes + ETH_DST + 3, bytes + TARGET + 13, 3) == 0;
}

/* To the one who asks; or to all, if the address is asked for by somebody who is about to take it (§7.2.4). It comes from
 * the address itself, as the kernel's own answers do. */
static void write_advertisement(uint8_t *out, const uint8_t *asked, const uint8_t *mac, const uint8_t *to) {
  bool probe = from_nobody(asked);
  memcpy(out + ETH_DST, probe ? ALL_NODES_MAC : to, 6);
  memcpy(out + ETH_SRC, mac, 6);
  memcpy(out + ETH_TYPE, HEADER, sizeof HEADER);
  memcpy(out + IP_SRC, asked + TARGET, 16);
  memcpy(out + IP_DST, probe ? ALL_NODES : asked + IP_SRC, 16);
  memset(out + TYPE, 0, TARGET - TYPE);
  out[TYPE] = ADVERTISEMENT;
  out[FLAGS] = probe ? FLAG_OVERRIDE : FLAG_SOLICITED | FLAG_OVERRIDE;
  memcpy(out + TARGET, asked + TARGET, 16);
  out[OPTIONS] = TARGET_ADDRESS;
  out[OPTIONS + 1] = 1;
  memcpy(out + OPTIONS + 2, mac, 6);
  uint16_t checksum = (uint16_t)~sum(out, NDP_ANSWER_BYTES - TYPE);
  out[CHECKSUM] = (uint8_t)(checksum >> 8);
  out[CHECKSUM + 1] = (uint8_t)checksum;
}

long ndp_answer(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, uint8_t *out) {
  const uint8_t *bytes = frame->bytes;
  const uint8_t *mac = NULL;
  long malformed = parse(frame, &mac);
  if (malformed != 0) return malformed;
  if (bytes[TYPE] != SOLICITATION) return -DROP_OPERATION;
  if (is_impossible(bytes, mac)) return -DROP_SOURCE;
  if (!to_us(bytes, port->mac)) return -DROP_DESTINATION;
  if (frame->other_host) return -DROP_MALFORMED; /* addressed to us and yet not for us: it belongs to a VLAN */
  long index = neighbor_find_on(table, bytes + TARGET, port->ifindex);
  if (index >= 0) write_advertisement(out, bytes, port->mac, mac ? mac : bytes + ETH_SRC);
  return index;
}

long ndp_sender(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, const uint8_t **mac) {
  const uint8_t *bytes = frame->bytes;
  const uint8_t *option = NULL;
  if (frame->other_host || parse(frame, &option) != 0) return -DROP_MALFORMED;
  bool advertised = bytes[TYPE] == ADVERTISEMENT;
  if (advertised && bytes[IP_DST] == MULTICAST && (bytes[FLAGS] & FLAG_SOLICITED)) return -DROP_MALFORMED; /* §7.1.2 */
  if (!advertised && is_impossible(bytes, option)) return -DROP_SOURCE;
  *mac = option ? option : bytes + ETH_SRC;
  return neighbor_find_on(table, bytes + (advertised || from_nobody(bytes) ? TARGET : IP_SRC), port->ifindex);
}
