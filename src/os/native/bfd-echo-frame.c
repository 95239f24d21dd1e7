// SPDX-License-Identifier: Apache-2.0
#include "bfd-echo-frame.h"

#include <string.h>

#define IP_HEADER 20
#define UDP_HEADER 8
#define PROTOCOL_UDP 17
#define FRAGMENT 0x3fff /* "more follow", and where in the whole it belongs */
#define DONT_FRAGMENT 0x40
#define NETWORK_CONTROL 0xc0

static uint16_t read16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

static void write16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value) {
  write16(at, value >> 16);
  write16(at + 2, value);
}

static uint32_t read32(const uint8_t *at) {
  return (uint32_t)read16(at) << 16 | read16(at + 2);
}

/* RFC 1071, of an even number of bytes. */
static uint16_t checksum(uint32_t sum, const uint8_t *bytes, size_t len) {
  for (size_t i = 0; i + 1 < len; i += 2) sum += read16(bytes + i);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

void bfd_write_echo(uint8_t out[BFD_ECHO_BYTES], uint32_t discriminator, uint64_t number) {
  memset(out, 0, BFD_ECHO_BYTES);
  out[0] = 1;
  out[1] = BFD_ECHO_BYTES;
  write32(out + 4, discriminator);
  write32(out + 8, (uint32_t)(number >> 32));
  write32(out + 12, (uint32_t)number);
}

uint64_t bfd_echo_number(const uint8_t *bytes, size_t len, uint32_t discriminator) {
  if (len != BFD_ECHO_BYTES || read32(bytes + 4) != discriminator) return 0;
  return (uint64_t)read32(bytes + 8) << 32 | read32(bytes + 12);
}

void bfd_write_echo_frame(uint8_t out[BFD_ECHO_FRAME_BYTES], const uint8_t ipv4[4],
                          const uint8_t echo[BFD_ECHO_BYTES]) {
  memset(out, 0, IP_HEADER + UDP_HEADER);
  out[0] = 0x45;
  out[1] = NETWORK_CONTROL;
  write16(out + 2, BFD_ECHO_FRAME_BYTES);
  out[6] = DONT_FRAGMENT;
  out[8] = 255;
  out[9] = PROTOCOL_UDP;
  memcpy(out + 12, ipv4, 4);
  memcpy(out + 16, ipv4, 4);
  write16(out + 10, checksum(0, out, IP_HEADER));
  uint8_t *udp = out + IP_HEADER;
  write16(udp, BFD_ECHO_PORT);
  write16(udp + 2, BFD_ECHO_PORT);
  write16(udp + 4, UDP_HEADER + BFD_ECHO_BYTES);
  memcpy(udp + UDP_HEADER, echo, BFD_ECHO_BYTES);
  /* Its checksum covers addresses, protocol and length as well. */
  uint32_t pseudo = 2u * (read16(ipv4) + read16(ipv4 + 2)) + PROTOCOL_UDP + UDP_HEADER + BFD_ECHO_BYTES;
  uint16_t sum = checksum(pseudo, udp, UDP_HEADER + BFD_ECHO_BYTES);
  write16(udp + 6, sum == 0 ? 0xffff : sum);
}

bool bfd_read_echo_frame(const uint8_t *frame, size_t len, struct bfd_echo_frame *out) {
  if (len < IP_HEADER || frame[0] >> 4 != 4 || frame[9] != PROTOCOL_UDP || read16(frame + 6) & FRAGMENT) return false;
  size_t header = (size_t)(frame[0] & 15) * 4;
  size_t total = read16(frame + 2);
  if (header < IP_HEADER || total > len || total < header + UDP_HEADER) return false;
  const uint8_t *udp = frame + header;
  size_t udp_len = read16(udp + 4);
  if (read16(udp + 2) != BFD_ECHO_PORT || udp_len < UDP_HEADER || udp_len > total - header) return false;
  memcpy(out->from, frame + 12, 4);
  memcpy(out->to, frame + 16, 4);
  out->ttl = frame[8];
  out->frame_len = total;
  out->bytes = udp + UDP_HEADER;
  out->len = udp_len - UDP_HEADER;
  return true;
}

void bfd_age_frame(uint8_t *frame) {
  if (frame[8] == 0) return;
  frame[8]--;
  /* RFC 1624: the word that has the TTL above is 0x100 less, so what it is the complement of must be as well. */
  uint32_t sum = (uint32_t)read16(frame + 10) + 0x100;
  write16(frame + 10, (sum & 0xffff) + (sum >> 16));
}
