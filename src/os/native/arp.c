// SPDX-License-Identifier: Apache-2.0
#include "arp.h"

#include <string.h>

enum { ETH_DST = 0, ETH_SRC = 6, ETH_TYPE = 12, HTYPE = 14, PTYPE = 16, HLEN = 18, PLEN = 19 };
enum { OPERATION = 20, SENDER_MAC = 22, SENDER_IP = 28, TARGET_MAC = 32, TARGET_IP = 38 };
enum { REQUEST = 1, REPLY = 2 };

static const uint8_t BROADCAST[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* ARP over Ethernet for IPv4: everything from the EtherType to the address lengths has one right value. */
static const uint8_t FIXED[8] = {0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4};

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t read32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool arp_table_valid(const struct arp_table *table) {
  for (size_t i = 0; i < table->len; i++) {
    if (i > 0 && table->ips[i - 1] >= table->ips[i]) return false;
    if (table->firsts[i] == ARP_EVERYWHERE) continue;
    if (table->firsts[i] > table->ifindexes_len) return false;
    if (table->counts[i] > table->ifindexes_len - table->firsts[i]) return false;
  }
  return true;
}

long arp_find(const struct arp_table *table, uint32_t ip) {
  size_t low = 0;
  size_t high = table->len;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table->ips[middle] < ip)
      low = middle + 1;
    else
      high = middle;
  }
  return low < table->len && table->ips[low] == ip ? (long)low : -1;
}

static bool on_interface(const struct arp_table *table, long index, int32_t ifindex) {
  if (table->firsts[index] == ARP_EVERYWHERE) return true;
  const int32_t *at = table->ifindexes + table->firsts[index];
  for (uint32_t i = 0; i < table->counts[index]; i++)
    if (at[i] == ifindex) return true;
  return false;
}

/* Trailing bytes are padding: Ethernet frames have at least 60 bytes. A tag in the bytes shows as another EtherType. */
static bool well_formed(const struct arp_frame *frame) {
  return frame->len >= ARP_FRAME_BYTES && memcmp(frame->bytes + ETH_TYPE, FIXED, sizeof FIXED) == 0;
}

static void write_reply(uint8_t *out, const uint8_t *request, const uint8_t *mac) {
  memcpy(out + ETH_DST, request + SENDER_MAC, 6);
  memcpy(out + ETH_SRC, mac, 6);
  memcpy(out + ETH_TYPE, FIXED, sizeof FIXED);
  out[OPERATION] = 0;
  out[OPERATION + 1] = REPLY;
  memcpy(out + SENDER_MAC, mac, 6);
  memcpy(out + SENDER_IP, request + TARGET_IP, 4);
  memcpy(out + TARGET_MAC, request + SENDER_MAC, 6);
  memcpy(out + TARGET_IP, request + SENDER_IP, 4); /* 0.0.0.0 for a probe (RFC 5227 §2.1.1) */
}

long arp_answer(const struct arp_table *table, const struct arp_port *port, const struct arp_frame *frame,
                uint8_t out[ARP_FRAME_BYTES]) {
  if (!well_formed(frame)) return -ARP_MALFORMED;
  const uint8_t *bytes = frame->bytes;
  if (read16(bytes + OPERATION) != REQUEST) return -ARP_OPERATION;
  if (memcmp(bytes + ETH_DST, BROADCAST, 6) != 0 && memcmp(bytes + ETH_DST, port->mac, 6) != 0) return -ARP_DESTINATION;
  if (frame->other_host) return -ARP_MALFORMED; /* addressed to us and yet not for us: it belongs to a VLAN */
  long index = arp_find(table, read32(bytes + TARGET_IP));
  if (index < 0) return -ARP_NOT_ANNOUNCED;
  if (!on_interface(table, index, port->ifindex)) return -ARP_NOT_ON_INTERFACE;
  write_reply(out, bytes, port->mac);
  return index;
}

long arp_sender(const struct arp_table *table, const struct arp_port *port, const struct arp_frame *frame) {
  if (!well_formed(frame) || frame->other_host) return -1;
  long index = arp_find(table, read32(frame->bytes + SENDER_IP));
  return index >= 0 && on_interface(table, index, port->ifindex) ? index : -1;
}
