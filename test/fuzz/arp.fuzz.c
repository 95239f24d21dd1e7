// SPDX-License-Identifier: Apache-2.0
/* libFuzzer target for src/os/native/arp.c; table.fuzz.h says what its input is. */
#include "../../src/os/native/arp.h"
#include "table.fuzz.h"

static const uint8_t FIRST[ARP_KEY_BYTES] = {198, 51, 100, 0};

/* A reply says: the address asked for is at our MAC; to the one who asked. */
static void check_reply(const uint8_t *reply, const struct neighbor_frame *frame) {
  const uint8_t *request = frame->bytes;
  require(frame->len >= ARP_FRAME_BYTES && !frame->other_host);
  require(memcmp(reply, request + 22, 6) == 0 && memcmp(reply + 6, PORT.mac, 6) == 0);
  require(memcmp(reply + 12, request + 12, 8) == 0 && reply[20] == 0 && reply[21] == 2);
  require(memcmp(reply + 22, PORT.mac, 6) == 0 && memcmp(reply + 28, request + 38, 4) == 0);
  require(memcmp(reply + 32, request + 22, 6) == 0 && memcmp(reply + 38, request + 28, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input;
  if (!read_input(&input, data, size, FIRST, sizeof FIRST)) return 0;
  if (neighbor_table_valid(&input.table)) {
    uint8_t *reply = malloc(ARP_FRAME_BYTES);
    const uint8_t *mac = NULL;
    long len = (long)input.table.len;
    long index = arp_answer(&input.table, &PORT, &input.frame, reply);
    require(index < len && index > -NEIGHBOR_DROPS && index != -DROP_SUSPENDED);
    if (index >= 0) check_reply(reply, &input.frame);
    long sender = arp_sender(&input.table, &PORT, &input.frame, &mac);
    require(sender < len && (sender < 0 || mac == input.frame.bytes + 22));
    free(reply);
  }
  free_input(&input);
  return 0;
}
