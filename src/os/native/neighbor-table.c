// SPDX-License-Identifier: Apache-2.0
#include "neighbor-table.h"

#include <string.h>

int neighbor_compare(const struct neighbor_table *table, size_t index, const uint8_t *key) {
  return memcmp(table->keys + index * table->key_bytes, key, table->key_bytes);
}

bool neighbor_table_valid(const struct neighbor_table *table) {
  for (size_t i = 0; i < table->len; i++) {
    if (i > 0 && neighbor_compare(table, i, table->keys + (i - 1) * table->key_bytes) <= 0) return false;
    if (table->firsts[i] == NEIGHBOR_EVERYWHERE) continue;
    if (table->firsts[i] > table->ifindexes_len) return false;
    if (table->counts[i] > table->ifindexes_len - table->firsts[i]) return false;
  }
  return true;
}

long neighbor_find(const struct neighbor_table *table, const uint8_t *key) {
  size_t low = 0;
  size_t high = table->len;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (neighbor_compare(table, middle, key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low < table->len && neighbor_compare(table, low, key) == 0 ? (long)low : -1;
}

long neighbor_find_on(const struct neighbor_table *table, const uint8_t *key, int32_t ifindex) {
  long index = neighbor_find(table, key);
  if (index < 0) return -DROP_NOT_ANNOUNCED;
  if (table->firsts[index] == NEIGHBOR_EVERYWHERE) return index;
  const int32_t *at = table->ifindexes + table->firsts[index];
  for (uint32_t i = 0; i < table->counts[index]; i++)
    if (at[i] == ifindex) return index;
  return -DROP_NOT_ON_INTERFACE;
}
