// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "neighbor-reflex.h"

#define EVENTS_QUEUED 64 /* JavaScript is behind: further events are dropped rather than kept */

/* Owned by its External. `reflex` is NULL once closed, so that a late call is an error and not a crash. */
struct handle {
  struct reflex *reflex;
  napi_threadsafe_function report;
  uint64_t pause; /* the last one that JavaScript knows of */
};

/* On the reflex thread. */
static bool report(void *context, const struct reflex_event *event) {
  struct handle *handle = context;
  struct reflex_event *copy = malloc(sizeof *copy);
  if (!copy) return false;
  *copy = *event;
  if (napi_call_threadsafe_function(handle->report, copy, napi_tsfn_nonblocking) == napi_ok) return true;
  free(copy);
  return false;
}

/* On JavaScript's thread: listener(kind, pausedMs, address, ifindex, mac). */
static void call_listener(napi_env env, napi_value listener, void *context, void *data) {
  struct handle *handle = context;
  struct reflex_event *event = data;
  napi_value self = NULL;
  napi_value key = NULL;
  napi_value mac = NULL;
  if (env && event->kind == REFLEX_SUSPENDED) handle->pause = event->pause;
  if (env && listener && napi_get_undefined(env, &self) == napi_ok &&
      napi_create_buffer_copy(env, event->key_bytes, event->key, NULL, &key) == napi_ok &&
      napi_create_buffer_copy(env, sizeof event->mac, event->mac, NULL, &mac) == napi_ok) {
    napi_value arguments[] = {addon_number(env, event->kind), addon_number(env, (double)event->paused_ms), key,
                              addon_number(env, event->ifindex), mac};
    napi_call_function(env, self, listener, 5, arguments, NULL);
  }
  free(event);
}

static void stop(void *data) {
  struct handle *handle = data;
  reflex_close(handle->reflex);
  handle->reflex = NULL;
  napi_release_threadsafe_function(handle->report, napi_tsfn_abort);
}

/* A reflex that nobody closed runs until the process ends, as a socket does; then `stop` has run before this. */
static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct handle *handle = data;
  if (!handle->reflex) free(handle);
}

/* neighborOpen(pauseMs, listener): handle | -errno */
static napi_value neighbor_open(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_value name = NULL;
  napi_value result = NULL;
  uint32_t pause_ms = 0;
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  napi_get_value_uint32(env, arguments[0], &pause_ms);
  napi_create_string_utf8(env, "neighbor-reflex", NAPI_AUTO_LENGTH, &name);
  struct handle *handle = calloc(1, sizeof *handle);
  if (!handle || napi_create_threadsafe_function(env, arguments[1], NULL, name, EVENTS_QUEUED, 1, NULL, NULL, handle,
                                                 call_listener, &handle->report) != napi_ok) {
    free(handle);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  napi_unref_threadsafe_function(env, handle->report); /* the reflex alone keeps no process alive */
  int error = reflex_open(&handle->reflex, pause_ms, report, handle);
  if (error == 0) {
    /* Hooks run last in, first out: this one runs while the function to report to still exists. */
    napi_add_env_cleanup_hook(env, stop, handle);
    napi_create_external(env, handle, finalize, NULL, &result);
    return result;
  }
  napi_release_threadsafe_function(handle->report, napi_tsfn_abort);
  free(handle);
  return addon_number(env, error);
}

/* The reflex of an open handle, or NULL with an error pending. */
static struct reflex *reflex_of(napi_env env, napi_value value) {
  struct handle *handle = addon_external(env, value);
  if (handle && !handle->reflex) napi_throw_error(env, NULL, "the reflex is closed");
  return handle ? handle->reflex : NULL;
}

static int32_t int32_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

/* As src/os/neighbor-protocol.ts numbers them; false (with an error pending) for any other. */
static bool protocol_of(napi_env env, napi_value value, enum reflex_protocol *protocol) {
  int32_t number = int32_of(env, value);
  *protocol = (enum reflex_protocol)number;
  if (number >= 0 && number < REFLEX_PROTOCOLS) return true;
  napi_throw_range_error(env, NULL, "there is no such protocol");
  return false;
}

/* A filter crosses the border as the bytes of its struct sock_filter array; the copy is the caller's to free. */
static bool filter_of(napi_env env, napi_value value, packet_filter *filter) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  if (!addon_bytes(env, value, &bytes, &len)) return false;
  filter->len = (unsigned short)(len / sizeof *filter->filter);
  filter->filter = malloc(len + 1);
  if (!filter->filter) return napi_throw_error(env, NULL, "out of memory"), false;
  memcpy(filter->filter, bytes, len);
  return true;
}

/* neighborAttach(handle, protocol, ifindex, mac, filter): 0 | -errno */
static napi_value neighbor_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  enum reflex_protocol protocol;
  uint8_t *mac = NULL;
  size_t mac_len = 0;
  packet_filter filter;
  if (!addon_arguments(env, info, 5, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol)) return NULL;
  if (!addon_bytes(env, arguments[3], &mac, &mac_len)) return NULL;
  struct neighbor_port port = {.ifindex = int32_of(env, arguments[2])};
  if (mac_len != sizeof port.mac) {
    napi_throw_type_error(env, NULL, "a MAC address has 6 bytes");
    return NULL;
  }
  memcpy(port.mac, mac, sizeof port.mac);
  if (!filter_of(env, arguments[4], &filter)) return NULL;
  int error = reflex_attach(reflex, protocol, &port, &filter);
  free(filter.filter);
  return addon_number(env, error);
}

/* neighborDetach(handle, protocol, ifindex): a descriptor to close | -errno */
static napi_value neighbor_detach(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  enum reflex_protocol protocol;
  if (!addon_arguments(env, info, 3, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol)) return NULL;
  return addon_number(env, reflex_detach(reflex, protocol, int32_of(env, arguments[2])));
}

/* neighborFilter(handle, protocol, ifindex, filter): 0 | -errno */
static napi_value neighbor_filter(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  enum reflex_protocol protocol;
  packet_filter filter;
  if (!addon_arguments(env, info, 4, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol) || !filter_of(env, arguments[3], &filter)) return NULL;
  int error = reflex_set_filter(reflex, protocol, int32_of(env, arguments[2]), &filter);
  free(filter.filter);
  return addon_number(env, error);
}

/* neighborSwap(handle, protocol, keys, firsts, counts, ifindexes): 0 | -errno; addresses as on the wire, and the bytes of
 * aligned arrays of 32-bit numbers */
static napi_value neighbor_swap(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  enum reflex_protocol protocol;
  uint8_t *arrays[4];
  size_t lens[4];
  if (!addon_arguments(env, info, 6, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol)) return NULL;
  for (int i = 0; i < 4; i++)
    if (!addon_bytes(env, arguments[i + 2], &arrays[i], &lens[i])) return NULL;
  size_t len = lens[1] / sizeof(uint32_t);
  if (lens[2] != lens[1] || lens[0] != len * reflex_key_bytes(protocol)) {
    napi_throw_type_error(env, NULL, "keys, firsts and counts differ in length");
    return NULL;
  }
  struct neighbor_table table = {.keys = arrays[0],
                                 .firsts = (void *)arrays[1],
                                 .counts = (void *)arrays[2],
                                 .len = len,
                                 .ifindexes = (void *)arrays[3],
                                 .ifindexes_len = lens[3] / sizeof(int32_t)};
  return addon_number(env, reflex_swap(reflex, protocol, &table));
}

/* neighborSend(handle, protocol, ifindex, frame): 0 | -errno */
static napi_value neighbor_send(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  enum reflex_protocol protocol;
  uint8_t *frame = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 4, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol)) return NULL;
  if (!addon_bytes(env, arguments[3], &frame, &len)) return NULL;
  return addon_number(env, reflex_send(reflex, protocol, int32_of(env, arguments[2]), frame, len));
}

/* neighborConfirm(handle): without effect if there was another pause that the listener has not heard of yet */
static napi_value neighbor_confirm(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (reflex) reflex_confirm(reflex, handle->pause);
  return NULL;
}

/* neighborRead(handle, protocol, counts, drops): 0; fills 64-bit numbers: requests and replies of each address, and the
 * drops by code */
static napi_value neighbor_read(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  enum reflex_protocol protocol;
  uint8_t *counts = NULL;
  uint8_t *drops = NULL;
  size_t counts_len = 0;
  size_t drops_len = 0;
  if (!addon_arguments(env, info, 4, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !protocol_of(env, arguments[1], &protocol)) return NULL;
  if (!addon_bytes(env, arguments[2], &counts, &counts_len)) return NULL;
  if (!addon_bytes(env, arguments[3], &drops, &drops_len)) return NULL;
  if (drops_len != NEIGHBOR_DROPS * sizeof(uint64_t)) {
    napi_throw_type_error(env, NULL, "drops has the wrong length");
    return NULL;
  }
  reflex_read(reflex, protocol, (void *)counts, counts_len / sizeof(struct reflex_count), (void *)drops);
  return addon_number(env, 0);
}

/* neighborClose(handle): nothing is answered after it returns */
static napi_value neighbor_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  if (handle && handle->reflex) {
    napi_remove_env_cleanup_hook(env, stop, handle);
    stop(handle);
  }
  return NULL;
}

void addon_init_neighbors(napi_env env, napi_value exports) {
  addon_export(env, exports, "neighborOpen", neighbor_open);
  addon_export(env, exports, "neighborAttach", neighbor_attach);
  addon_export(env, exports, "neighborDetach", neighbor_detach);
  addon_export(env, exports, "neighborFilter", neighbor_filter);
  addon_export(env, exports, "neighborSwap", neighbor_swap);
  addon_export(env, exports, "neighborSend", neighbor_send);
  addon_export(env, exports, "neighborConfirm", neighbor_confirm);
  addon_export(env, exports, "neighborRead", neighbor_read);
  addon_export(env, exports, "neighborClose", neighbor_close);
}
