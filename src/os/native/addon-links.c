// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* uv.h needs more than C11 */
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "addon.h"
#include "netlink.h"

struct watch {
  uv_poll_t poll;
  int fd;
  napi_env env;
  napi_ref listener;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
};

/* linksDump(): Buffer | -errno */
static napi_value links_dump(napi_env env, napi_callback_info info) {
  (void)info;
  uint8_t *bytes = NULL;
  size_t len = 0;
  napi_value result = NULL;
  int error = netlink_dump_links(&bytes, &len);
  if (error != 0) return addon_number(env, error);
  napi_create_buffer_copy(env, len, bytes, NULL, &result);
  free(bytes);
  return result;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct watch *watch = poll->data;
  netlink_discard(watch->fd);
  /* Lost messages (ENOBUFS) are an error of the socket: a change as well, but libuv has stopped polling. */
  if (status < 0) uv_poll_start(poll, UV_READABLE, on_readable);
  napi_handle_scope scope = NULL;
  napi_value listener = NULL;
  napi_value self = NULL;
  napi_open_handle_scope(watch->env, &scope);
  napi_get_reference_value(watch->env, watch->listener, &listener);
  napi_get_global(watch->env, &self);
  if (napi_make_callback(watch->env, watch->context, self, listener, 0, NULL, NULL) == napi_pending_exception) {
    napi_value thrown = NULL;
    napi_get_and_clear_last_exception(watch->env, &thrown);
    napi_fatal_exception(watch->env, thrown); /* a bug: the process ends with its message */
  }
  napi_close_handle_scope(watch->env, scope);
}

static void on_closed(uv_handle_t *handle) {
  struct watch *watch = handle->data;
  close(watch->fd);
  napi_remove_async_cleanup_hook(watch->cleanup); /* an environment that ends has waited for this */
  free(watch);
}

static void unwatch(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  struct watch *watch = data;
  uv_poll_stop(&watch->poll);
  napi_delete_reference(watch->env, watch->listener);
  napi_async_destroy(watch->env, watch->context);
  uv_close((uv_handle_t *)&watch->poll, on_closed);
}

/* linksWatch(listener): handle | -errno; the handle lives until linksUnwatch, or the end of the environment */
static napi_value links_watch(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  napi_value name = NULL;
  napi_value result = NULL;
  uv_loop_t *loop = NULL;
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  int fd = netlink_watch_links();
  if (fd < 0) return addon_number(env, fd);
  struct watch *watch = calloc(1, sizeof *watch);
  if (!watch || napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &watch->poll, fd) != 0) {
    free(watch);
    close(fd);
    napi_throw_error(env, NULL, "cannot watch a socket");
    return NULL;
  }
  watch->fd = fd;
  watch->env = env;
  watch->poll.data = watch;
  napi_create_string_utf8(env, "links", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &watch->context);
  napi_create_reference(env, arguments[0], 1, &watch->listener);
  napi_create_external(env, watch, NULL, NULL, &result);
  napi_add_async_cleanup_hook(env, unwatch, watch, &watch->cleanup);
  uv_unref((uv_handle_t *)&watch->poll); /* watching alone keeps no process alive */
  uv_poll_start(&watch->poll, UV_READABLE, on_readable);
  return result;
}

/* linksUnwatch(handle): exactly once */
static napi_value links_unwatch(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct watch *watch = addon_external(env, arguments[0]);
  if (watch) unwatch(watch->cleanup, watch);
  return NULL;
}

void addon_init_links(napi_env env, napi_value exports) {
  addon_export(env, exports, "linksDump", links_dump);
  addon_export(env, exports, "linksWatch", links_watch);
  addon_export(env, exports, "linksUnwatch", links_unwatch);
}
