// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target for src/os/native/arp.c. The first byte says how many addresses the table has, two bytes each
 * follow (address step, interfaces); the rest is the frame. Everything lies in memory of exactly its size, so that
 * AddressSanitizer sees a read one byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/os/native/arp.h"

#define TABLE_MAX 16

static const struct arp_port PORT = {.ifindex = 2, .mac = {2, 0, 0, 0, 0, 10}};

static void require(bool holds) {
  if (!holds) abort();
}

static void *exact(const void *from, size_t bytes) {
  void *copy = malloc(bytes ? bytes : 1);
  require(copy != NULL);
  if (bytes > 0) memcpy(copy, from, bytes);
  return copy;
}

/* A reply says: the address asked for is at our MAC; to the one who asked. */
static void check_reply(const uint8_t *reply, const struct arp_frame *frame) {
  const uint8_t *request = frame->bytes;
  require(frame->len >= ARP_FRAME_BYTES && !frame->other_host);
  require(memcmp(reply, request + 22, 6) == 0 && memcmp(reply + 6, PORT.mac, 6) == 0);
  require(memcmp(reply + 12, request + 12, 8) == 0 && reply[20] == 0 && reply[21] == 2);
  require(memcmp(reply + 22, PORT.mac, 6) == 0 && memcmp(reply + 28, request + 38, 4) == 0);
  require(memcmp(reply + 32, request + 22, 6) == 0 && memcmp(reply + 38, request + 28, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t len = size > 0 ? data[0] % (TABLE_MAX + 1) : 0;
  if (size < 2 + 2 * len) return 0;
  uint32_t ips[TABLE_MAX], firsts[TABLE_MAX], counts[TABLE_MAX];
  const int32_t indexes[] = {1, 2, 3};
  uint32_t ip = 0xc6336400;
  for (size_t i = 0; i < len; i++) {
    ip += data[1 + 2 * i]; /* a step of 0 makes the table invalid */
    ips[i] = ip;
    firsts[i] = data[2 + 2 * i] & 8 ? ARP_EVERYWHERE : data[2 + 2 * i] & 3;
    counts[i] = data[2 + 2 * i] >> 4;
  }
  struct arp_table table = {exact(ips, 4 * len), exact(firsts, 4 * len), exact(counts, 4 * len), len,
                            exact(indexes, sizeof indexes), 3};
  const uint8_t *rest = data + 1 + 2 * len;
  struct arp_frame frame = {.len = size - 2 - 2 * len, .other_host = rest[0] & 1};
  frame.bytes = exact(rest + 1, frame.len);
  if (arp_table_valid(&table)) {
    uint8_t *reply = malloc(ARP_FRAME_BYTES);
    long index = arp_answer(&table, &PORT, &frame, reply);
    require(index < (long)len && index > -ARP_SUSPENDED);
    if (index >= 0) check_reply(reply, &frame);
    long sender = arp_sender(&table, &PORT, &frame);
    require(sender >= -1 && sender < (long)len);
    free(reply);
  }
  free((void *)table.ips), free((void *)table.firsts), free((void *)table.counts), free((void *)table.ifindexes);
  free((void *)frame.bytes);
  return 0;
}
