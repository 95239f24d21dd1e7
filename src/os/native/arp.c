// SPDX-License-Identifier: Apache-2.0
#include "arp.h"

#include <string.h>

enum { ETH_DST = 0, ETH_SRC = 6, ETH_TYPE = 12 };
enum { OPERATION = 20, SENDER_MAC = 22, SENDER_IP = 28, TARGET_MAC = 32, TARGET_IP = 38 };
enum { REQUEST = 1, REPLY = 2 };

static const uint8_t BROADCAST[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* ARP over Ethernet for IPv4: everything from the EtherType to the address lengths has one right value. */
static const uint8_t FIXED[8] = {0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4};

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

/* Trailing bytes are padding: Ethernet frames have at least 60 bytes. A tag in the bytes shows as another EtherType. */
static bool well_formed(const struct neighbor_frame *frame) {
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

long arp_answer(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, uint8_t *out) {
  if (!well_formed(frame)) return -DROP_MALFORMED;
  const uint8_t *bytes = frame->bytes;
  if (read16(bytes + OPERATION) != REQUEST) return -DROP_OPERATION;
  if (memcmp(bytes + ETH_DST, BROADCAST, 6) != 0 && memcmp(bytes + ETH_DST, port->mac, 6) != 0)
    return -DROP_DESTINATION;
  if (frame->other_host) return -DROP_MALFORMED; /* addressed to us and yet not for us: it belongs to a VLAN */
  long index = neighbor_find_on(table, bytes + TARGET_IP, port->ifindex);
  if (index >= 0) write_reply(out, bytes, port->mac);
  return index;
}

long arp_sender(const struct neighbor_table *table, const struct neighbor_port *port,
                const struct neighbor_frame *frame, const uint8_t **mac) {
  if (!well_formed(frame) || frame->other_host) return -DROP_MALFORMED;
  *mac = frame->bytes + SENDER_MAC;
  return neighbor_find_on(table, frame->bytes + SENDER_IP, port->ifindex);
}
