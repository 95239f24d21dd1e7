// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* uv.h needs more than C11 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "addon.h"
#include "router-socket.h"

#define FROM_BYTES 16
#define HEAD_BYTES (FROM_BYTES + 1) /* the sender, and the hop limit */

struct routers {
  uv_poll_t poll;
  int fd;
  uint32_t index;
  napi_env env;
  napi_ref listener;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
};

/* Once for each routersArm: who floods us is read when TypeScript wants to, and is lost otherwise. */
static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)status; /* an error of the socket is what the next read answers */
  (void)events;
  struct routers *routers = poll->data;
  uv_poll_stop(poll);
  napi_handle_scope scope = NULL;
  napi_value listener = NULL;
  napi_value self = NULL;
  napi_open_handle_scope(routers->env, &scope);
  napi_get_reference_value(routers->env, routers->listener, &listener);
  napi_get_global(routers->env, &self);
  if (napi_make_callback(routers->env, routers->context, self, listener, 0, NULL, NULL) == napi_pending_exception) {
    napi_value thrown = NULL;
    napi_get_and_clear_last_exception(routers->env, &thrown);
    napi_fatal_exception(routers->env, thrown); /* a bug: the process ends with its message */
  }
  napi_close_handle_scope(routers->env, scope);
}

static void on_closed(uv_handle_t *handle) {
  struct routers *routers = handle->data;
  close(routers->fd);
  napi_remove_async_cleanup_hook(routers->cleanup); /* an environment that ends has waited for this */
  free(routers);
}

static void shut(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  struct routers *routers = data;
  uv_poll_stop(&routers->poll);
  napi_delete_reference(routers->env, routers->listener);
  napi_async_destroy(routers->env, routers->context);
  uv_close((uv_handle_t *)&routers->poll, on_closed);
}

static void start(struct routers *routers, napi_value listener) {
  napi_value name = NULL;
  napi_env env = routers->env;
  routers->poll.data = routers;
  napi_create_string_utf8(env, "routers", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &routers->context);
  napi_create_reference(env, listener, 1, &routers->listener);
  napi_add_async_cleanup_hook(env, shut, routers, &routers->cleanup);
  uv_unref((uv_handle_t *)&routers->poll); /* listening alone keeps no process alive */
  uv_poll_start(&routers->poll, UV_READABLE, on_readable);
}

/* routersOpen(index, name, listener): handle, which lives until routersClose or the end of the environment | -errno */
static napi_value routers_open(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  napi_value result = NULL;
  uv_loop_t *loop = NULL;
  uint32_t index = 0;
  uint8_t *name = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 3, arguments) || !addon_bytes(env, arguments[1], &name, &len)) return NULL;
  napi_get_value_uint32(env, arguments[0], &index);
  int fd = router_socket_open(index, name, len);
  if (fd < 0) return addon_number(env, fd);
  struct routers *routers = calloc(1, sizeof *routers);
  if (!routers || napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &routers->poll, fd) != 0) {
    free(routers);
    close(fd);
    napi_throw_error(env, NULL, "cannot watch a socket");
    return NULL;
  }
  routers->fd = fd;
  routers->index = index;
  routers->env = env;
  start(routers, arguments[2]);
  napi_create_external(env, routers, NULL, NULL, &result);
  return result;
}

/* routersArm(handle): calls the listener once, when there is something to read */
static napi_value routers_arm(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct routers *routers = addon_external(env, arguments[0]);
  if (routers) uv_poll_start(&routers->poll, UV_READABLE, on_readable);
  return NULL;
}

/* routersRead(handle, out): bytes written to `out`, which are sender, hop limit and message; 0: nothing waits | -errno */
static napi_value routers_read(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *out = NULL;
  size_t room = 0;
  if (!addon_arguments(env, info, 2, arguments) || !addon_bytes(env, arguments[1], &out, &room)) return NULL;
  struct routers *routers = addon_external(env, arguments[0]);
  if (!routers) return NULL;
  if (room < HEAD_BYTES) {
    napi_throw_type_error(env, NULL, "no room for a message");
    return NULL;
  }
  struct router_message message = {.bytes = out + HEAD_BYTES, .room = room - HEAD_BYTES};
  int got = router_socket_read(routers->fd, &message);
  if (got <= 0) return addon_number(env, got);
  memcpy(out, message.from, FROM_BYTES);
  out[FROM_BYTES] = message.hop_limit;
  return addon_number(env, (double)(HEAD_BYTES + message.len));
}

/* routersSend(handle, from, to, message): 0 | -errno */
static napi_value routers_send(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *bytes[3] = {0};
  size_t len[3] = {0};
  if (!addon_arguments(env, info, 4, arguments)) return NULL;
  for (int i = 0; i < 3; i++)
    if (!addon_bytes(env, arguments[i + 1], &bytes[i], &len[i])) return NULL;
  struct routers *routers = addon_external(env, arguments[0]);
  if (!routers) return NULL;
  if (len[0] != FROM_BYTES || len[1] != FROM_BYTES) {
    napi_throw_type_error(env, NULL, "an IPv6 address has 16 bytes");
    return NULL;
  }
  struct router_route route = {.index = routers->index, .from = bytes[0], .to = bytes[1]};
  return addon_number(env, router_socket_send(routers->fd, &route, bytes[2], len[2]));
}

/* routersClose(handle): exactly once */
static napi_value routers_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct routers *routers = addon_external(env, arguments[0]);
  if (routers) shut(routers->cleanup, routers);
  return NULL;
}

void addon_init_routers(napi_env env, napi_value exports) {
  addon_export(env, exports, "routersOpen", routers_open);
  addon_export(env, exports, "routersArm", routers_arm);
  addon_export(env, exports, "routersRead", routers_read);
  addon_export(env, exports, "routersSend", routers_send);
  addon_export(env, exports, "routersClose", routers_close);
}
