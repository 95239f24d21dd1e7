// SPDX-License-Identifier: Apache-2.0
/*
 * What the fuzz targets of arp.c and ndp.c make of their input: its first byte says how many addresses the table has, two
 * bytes each follow (address step, interfaces), then one for the frame's flags; the rest is the frame. Everything lies in
 * memory of exactly its size, so that AddressSanitizer sees a read one byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/os/native/neighbor-table.h"

#define TABLE_MAX 16
#define KEY_MAX 16

static const struct neighbor_port PORT = {.ifindex = 2, .mac = {2, 0, 0, 0, 0, 10}};

struct input {
  struct neighbor_table table;
  struct neighbor_frame frame;
};

static inline void require(bool holds) {
  if (!holds) abort();
}

static void *exact(const void *from, size_t bytes) {
  void *copy = malloc(bytes ? bytes : 1);
  require(copy != NULL);
  if (bytes > 0) memcpy(copy, from, bytes);
  return copy;
}

/* The addresses go up from `first` in their last byte. False: too short to be any. */
static bool read_input(struct input *input, const uint8_t *data, size_t size, const uint8_t *first, size_t key_bytes) {
  size_t len = size > 0 ? data[0] % (TABLE_MAX + 1) : 0;
  if (size < 2 + 2 * len) return false;
  uint8_t keys[TABLE_MAX * KEY_MAX];
  uint32_t firsts[TABLE_MAX], counts[TABLE_MAX];
  const int32_t indexes[] = {1, 2, 3};
  uint8_t last = first[key_bytes - 1];
  for (size_t i = 0; i < len; i++) {
    last = (uint8_t)(last + data[1 + 2 * i]); /* a step of 0, or past 255, makes the table invalid */
    memcpy(keys + i * key_bytes, first, key_bytes);
    keys[(i + 1) * key_bytes - 1] = last;
    firsts[i] = data[2 + 2 * i] & 8 ? NEIGHBOR_EVERYWHERE : data[2 + 2 * i] & 3;
    counts[i] = data[2 + 2 * i] >> 4;
  }
  const uint8_t *rest = data + 1 + 2 * len;
  size_t frame_len = size - 2 - 2 * len;
  *input = (struct input){
      .table = {exact(keys, len * key_bytes), key_bytes, exact(firsts, 4 * len), exact(counts, 4 * len), len,
                exact(indexes, sizeof indexes), 3},
      .frame = {exact(rest + 1, frame_len), frame_len, rest[0] & 1},
  };
  return true;
}

static void free_input(struct input *input) {
  free((void *)input->table.keys), free((void *)input->table.firsts), free((void *)input->table.counts);
  free((void *)input->table.ifindexes), free((void *)input->frame.bytes);
}
