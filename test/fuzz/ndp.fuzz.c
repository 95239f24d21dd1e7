// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target for src/os/native/ndp.c; table.fuzz.h says what its input is. A checksum stands between the fuzzer and
 * the rest: where flag 2 is set, the frame gets the right one first, by another reckoning than the parser's.
 */
#include "../../src/os/native/ndp.h"
#include "table.fuzz.h"

#define MENDED 2

static const uint8_t FIRST[NDP_KEY_BYTES] = {0x20, 0x01, 0x0d, 0xb8};

/* What the checksum field has to hold: the sum of all 16-bit words modulo 0xffff, but for itself, taken from 0. */
static unsigned checksum(const uint8_t *bytes, size_t length) {
  unsigned long sum = length + 58;
  for (size_t at = 22; at < 54 + length; at++)
    if (at != 56 && at != 57) sum += (unsigned long)bytes[at] << (at % 2 ? 0 : 8);
  return (unsigned)(0xffff - sum % 0xffff);
}

static void mend(const struct neighbor_frame *frame) {
  uint8_t *bytes = (uint8_t *)frame->bytes;
  if (frame->len < 78) return;
  size_t length = (size_t)bytes[18] << 8 | bytes[19];
  if (length > frame->len - 54) return;
  unsigned sum = checksum(bytes, length);
  bytes[56] = (uint8_t)(sum >> 8);
  bytes[57] = (uint8_t)sum;
}

/* An advertisement says: the address asked for is at our MAC; to the one who asked, or to all. */
static void check_answer(const uint8_t *answer, const struct neighbor_frame *frame) {
  static const uint8_t nobody[16] = {0};
  const uint8_t *asked = frame->bytes;
  require(frame->len >= 78 && !frame->other_host && asked[54] == 135 && asked[21] == 255);
  bool probe = memcmp(asked + 22, nobody, 16) == 0;
  require(memcmp(answer + 6, PORT.mac, 6) == 0 && memcmp(answer + 80, PORT.mac, 6) == 0);
  require(answer[54] == 136 && answer[55] == 0 && answer[21] == 255 && answer[58] == (probe ? 0x20 : 0x60));
  require(memcmp(answer + 22, asked + 62, 16) == 0 && memcmp(answer + 62, asked + 62, 16) == 0);
  require(((unsigned)answer[56] << 8 | answer[57]) % 0xffff == checksum(answer, 32) % 0xffff);
  require(probe ? answer[0] == 0x33 && answer[38] == 0xff : memcmp(answer + 38, asked + 22, 16) == 0);
  require(probe || (answer[0] & 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input;
  if (!read_input(&input, data, size, FIRST, sizeof FIRST)) return 0;
  if (data[1 + 2 * input.table.len] & MENDED) mend(&input.frame);
  if (neighbor_table_valid(&input.table)) {
    uint8_t *answer = malloc(NDP_ANSWER_BYTES);
    const uint8_t *mac = NULL;
    long len = (long)input.table.len;
    long index = ndp_answer(&input.table, &PORT, &input.frame, answer);
    require(index < len && index > -NEIGHBOR_DROPS && index != -DROP_SUSPENDED);
    if (index >= 0) check_answer(answer, &input.frame);
    long sender = ndp_sender(&input.table, &PORT, &input.frame, &mac);
    require(sender < len);
    if (sender >= 0) require(mac >= input.frame.bytes && mac + 6 <= input.frame.bytes + input.frame.len);
    free(answer);
  }
  free_input(&input);
  return 0;
}
