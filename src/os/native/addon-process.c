// SPDX-License-Identifier: Apache-2.0
/* What JavaScript cannot ask of its own process: how long turns of the loop take, and who is at the other end. */
#define _GNU_SOURCE /* struct ucred; uv.h needs more than C11 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "addon.h"

#define MOST_BOUNDS 16

struct turns {
  uv_check_t check;
  napi_async_cleanup_hook_handle cleanup;
  uint64_t bounds_ns[MOST_BOUNDS];
  size_t bound_count;
  uint64_t counts[MOST_BOUNDS + 1];
  uint64_t total_ns;
  uint64_t longest_ns;
  uint64_t last_ns;
  uint64_t last_idle_ns;
};

/* Once a turn: what passed since the last one, less the time that the loop lay asleep. */
static void on_turn(uv_check_t *check) {
  struct turns *turns = check->data;
  uint64_t now_ns = uv_hrtime();
  uint64_t idle_ns = uv_metrics_idle_time(check->loop);
  uint64_t passed_ns = now_ns - turns->last_ns;
  uint64_t asleep_ns = idle_ns - turns->last_idle_ns;
  uint64_t busy_ns = passed_ns > asleep_ns ? passed_ns - asleep_ns : 0;
  if (turns->last_ns != 0) { /* the turn that the watch began in is the start of the program */
    size_t bucket = 0;
    while (bucket < turns->bound_count && busy_ns > turns->bounds_ns[bucket]) bucket++;
    turns->counts[bucket]++;
    turns->total_ns += busy_ns;
    if (busy_ns > turns->longest_ns) turns->longest_ns = busy_ns;
  }
  turns->last_ns = now_ns;
  turns->last_idle_ns = idle_ns;
}

static void on_closed(uv_handle_t *handle) {
  struct turns *turns = handle->data;
  napi_remove_async_cleanup_hook(turns->cleanup);
  free(turns);
}

static void end_turns(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  uv_close((uv_handle_t *)&((struct turns *)data)->check, on_closed);
}

/* turnsWatch(bounds: milliseconds as doubles): handle, which lives as long as the environment */
static napi_value turns_watch(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  napi_value result = NULL;
  uint8_t *bytes = NULL;
  size_t len = 0;
  uv_loop_t *loop = NULL;
  if (!addon_arguments(env, info, 1, arguments) || !addon_bytes(env, arguments[0], &bytes, &len)) return NULL;
  struct turns *turns = calloc(1, sizeof *turns);
  if (!turns || len > MOST_BOUNDS * sizeof(double) || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    free(turns);
    napi_throw_error(env, NULL, "cannot watch the loop");
    return NULL;
  }
  turns->bound_count = len / sizeof(double);
  for (size_t i = 0; i < turns->bound_count; i++) {
    double bound_ms = 0;
    memcpy(&bound_ms, bytes + i * sizeof bound_ms, sizeof bound_ms);
    turns->bounds_ns[i] = (uint64_t)(bound_ms * 1e6);
  }
  uv_check_init(loop, &turns->check);
  turns->check.data = turns;
  uv_check_start(&turns->check, on_turn);
  uv_unref((uv_handle_t *)&turns->check); /* watching alone keeps no process alive */
  napi_create_external(env, turns, NULL, NULL, &result);
  napi_add_async_cleanup_hook(env, end_turns, turns, &turns->cleanup);
  return result;
}

/* turnsRead(handle, out): fills doubles: the longest and the sum of all turns in ms, then the count of each bucket */
static napi_value turns_read(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *out = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  struct turns *turns = addon_external(env, arguments[0]);
  if (!turns || !addon_bytes(env, arguments[1], &out, &len)) return NULL;
  double values[MOST_BOUNDS + 3] = {(double)turns->longest_ns / 1e6, (double)turns->total_ns / 1e6};
  for (size_t i = 0; i <= turns->bound_count; i++) values[i + 2] = (double)turns->counts[i];
  size_t size = (turns->bound_count + 3) * sizeof(double);
  memcpy(out, values, len < size ? len : size);
  return NULL;
}

/* peerUser(fd): user id of the process that connected (for the other end: that listens) | -errno */
static napi_value peer_user(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  int32_t fd = -1;
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  napi_get_value_int32(env, arguments[0], &fd);
  struct ucred peer = {0};
  socklen_t len = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) return addon_number(env, -errno);
  return addon_number(env, peer.uid);
}

void addon_init_process(napi_env env, napi_value exports) {
  addon_export(env, exports, "turnsWatch", turns_watch);
  addon_export(env, exports, "turnsRead", turns_read);
  addon_export(env, exports, "peerUser", peer_user);
}
