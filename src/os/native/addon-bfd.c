// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "bfd-reflex.h"

#define ADDRESS_BYTES 18 /* struct bfd_address as it crosses the border: the IP address, the port in network order */

/* Owned by its External. `reflex` is NULL once closed, so that a late call is an error and not a crash. */
struct handle {
  struct bfd_reflex *reflex;
  napi_threadsafe_function report;
};

/* With the reflex locked. The queue has no limit of its own: the reflex knows how much of what it tells is waiting. */
static bool report(void *context, const struct bfd_event *event) {
  struct handle *handle = context;
  struct bfd_event *copy = malloc(sizeof *copy);
  if (!copy) return false;
  *copy = *event;
  if (napi_call_threadsafe_function(handle->report, copy, napi_tsfn_nonblocking) == napi_ok) return true;
  free(copy);
  return false;
}

static double value_of(const struct bfd_event *event) {
  switch (event->kind) {
    case BFD_PACKET: return event->ttl;
    case BFD_SILENCE:
    case BFD_ECHO_SILENCE: return event->orders;
    case BFD_PAUSED: return (double)event->paused_ms;
  }
  return 0;
}

/* On JavaScript's thread: listener(kind, session, socket, ttl | orders | pausedMs, from, bytes). */
static void call_listener(napi_env env, napi_value listener, void *context, void *data) {
  struct handle *handle = context;
  struct bfd_event *event = data;
  napi_value self = NULL;
  napi_value from = NULL;
  napi_value bytes = NULL;
  if (env && handle->reflex) bfd_taken(handle->reflex, event);
  uint8_t address[ADDRESS_BYTES];
  memcpy(address, event->from.ip, 16);
  address[16] = (uint8_t)(event->from.port >> 8);
  address[17] = (uint8_t)event->from.port;
  if (env && listener && handle->reflex && napi_get_undefined(env, &self) == napi_ok &&
      napi_create_buffer_copy(env, sizeof address, address, NULL, &from) == napi_ok &&
      napi_create_buffer_copy(env, event->len, event->bytes, NULL, &bytes) == napi_ok) {
    napi_value arguments[] = {addon_number(env, event->kind),   addon_number(env, event->session),
                              addon_number(env, event->socket), addon_number(env, value_of(event)), from, bytes};
    napi_call_function(env, self, listener, 6, arguments, NULL);
  }
  free(event);
}

static void stop(void *data) {
  struct handle *handle = data;
  bfd_close(handle->reflex);
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

/* bfdOpen(lateMs, listener): handle | -errno */
static napi_value open_reflex(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_value name = NULL;
  napi_value result = NULL;
  uint32_t late_ms = 0;
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  napi_get_value_uint32(env, arguments[0], &late_ms);
  napi_create_string_utf8(env, "bfd-reflex", NAPI_AUTO_LENGTH, &name);
  struct handle *handle = calloc(1, sizeof *handle);
  if (!handle || napi_create_threadsafe_function(env, arguments[1], NULL, name, 0, 1, NULL, NULL, handle, call_listener,
                                                 &handle->report) != napi_ok) {
    free(handle);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  napi_unref_threadsafe_function(env, handle->report); /* the reflex alone keeps no process alive */
  int error = bfd_open(&handle->reflex, late_ms, report, handle);
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

/* Fetches the arguments and the reflex of the handle that comes first; NULL with an error pending. */
static struct bfd_reflex *arguments_of(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  if (!addon_arguments(env, info, count, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  if (handle && !handle->reflex) napi_throw_error(env, NULL, "the reflex is closed");
  return handle ? handle->reflex : NULL;
}

static int32_t int32_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

static bool address_of(napi_env env, napi_value value, struct bfd_address *out) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  if (!addon_bytes(env, value, &bytes, &len)) return false;
  if (len != ADDRESS_BYTES) return napi_throw_type_error(env, NULL, "an address and port have 18 bytes"), false;
  memcpy(out->ip, bytes, sizeof out->ip);
  out->port = (uint16_t)(bytes[16] << 8 | bytes[17]);
  return true;
}

/* Bytes of a name; no bytes for none. */
static bool device_of(napi_env env, napi_value value, char out[BFD_DEVICE_BYTES]) {
  uint8_t *bytes = NULL;
  size_t len = 0;
  if (!addon_bytes(env, value, &bytes, &len)) return false;
  if (len >= BFD_DEVICE_BYTES) return napi_throw_type_error(env, NULL, "no interface has so long a name"), false;
  memset(out, 0, BFD_DEVICE_BYTES);
  if (len > 0) memcpy(out, bytes, len);
  return true;
}

/* bfdOpenSocket(handle, local, ttl, device): number | -errno */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  struct bfd_local local = {0};
  struct bfd_reflex *reflex = arguments_of(env, info, 4, arguments);
  if (!reflex || !address_of(env, arguments[1], &local.at) || !device_of(env, arguments[3], local.device)) return NULL;
  local.ttl = int32_of(env, arguments[2]);
  return addon_number(env, bfd_open_socket(reflex, &local));
}

/* bfdCloseSocket(handle, socket): its sessions are closed as well */
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct bfd_reflex *reflex = arguments_of(env, info, 2, arguments);
  if (reflex) bfd_close_socket(reflex, int32_of(env, arguments[1]));
  return NULL;
}

/* bfdOpenSession(handle, socket, to, remotePort (negative: any), discriminator, minTtl, source | no bytes, device): number | -errno */
static napi_value open_session(napi_env env, napi_callback_info info) {
  napi_value arguments[8];
  struct bfd_peer peer = {0};
  struct bfd_origin origin = {0};
  uint8_t *source = NULL;
  size_t source_len = 0;
  struct bfd_reflex *reflex = arguments_of(env, info, 8, arguments);
  if (!reflex || !address_of(env, arguments[2], &peer.to) || !addon_bytes(env, arguments[6], &source, &source_len) ||
      !device_of(env, arguments[7], origin.device))
    return NULL;
  origin.has_source = source_len >= sizeof origin.source;
  if (origin.has_source) memcpy(origin.source, source, sizeof origin.source);
  peer.socket = int32_of(env, arguments[1]);
  peer.remote_port = int32_of(env, arguments[3]);
  napi_get_value_uint32(env, arguments[4], &peer.discriminator);
  peer.min_ttl = int32_of(env, arguments[5]);
  return addon_number(env, bfd_open_session(reflex, &peer, &origin));
}

/* bfdOrder(handle, session, numbers, packet, expected): 0 | -errno; doubles: number, intervalUs, detectMult, detectUs, now */
static napi_value order(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  uint8_t *packed = NULL;
  size_t packed_len = 0;
  double numbers[5];
  uint8_t *packet = NULL;
  uint8_t *expected = NULL;
  struct bfd_orders orders = {0};
  struct bfd_reflex *reflex = arguments_of(env, info, 5, arguments);
  if (!reflex || !addon_bytes(env, arguments[2], &packed, &packed_len) ||
      !addon_bytes(env, arguments[3], &packet, &orders.packet_len) ||
      !addon_bytes(env, arguments[4], &expected, &orders.expected_len))
    return NULL;
  if (packed_len != sizeof numbers) return napi_throw_type_error(env, NULL, "orders have five numbers"), NULL;
  memcpy(numbers, packed, sizeof numbers);
  orders.number = (uint32_t)numbers[0];
  orders.interval_ns = (uint64_t)numbers[1] * 1000;
  orders.detect_mult = (uint32_t)numbers[2];
  orders.detect_ns = (uint64_t)numbers[3] * 1000;
  orders.now = numbers[4] != 0;
  orders.packet = packet;
  orders.expected = expected;
  return addon_number(env, bfd_order(reflex, int32_of(env, arguments[1]), &orders));
}

/* bfdOrderEcho(handle, session, numbers): 0 | -errno; doubles: number, intervalUs (0: none), detectUs */
static napi_value order_echo(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *packed = NULL;
  size_t packed_len = 0;
  double numbers[3];
  struct bfd_reflex *reflex = arguments_of(env, info, 3, arguments);
  if (!reflex || !addon_bytes(env, arguments[2], &packed, &packed_len)) return NULL;
  if (packed_len != sizeof numbers) return napi_throw_type_error(env, NULL, "orders have three numbers"), NULL;
  memcpy(numbers, packed, sizeof numbers);
  struct bfd_echo_orders orders = {.number = (uint32_t)numbers[0]};
  orders.interval_ns = (uint64_t)numbers[1] * 1000;
  orders.detect_ns = (uint64_t)numbers[2] * 1000;
  return addon_number(env, bfd_order_echo(reflex, int32_of(env, arguments[1]), &orders));
}

/* bfdUnused(handle): a descriptor to be closed | -1 */
static napi_value unused(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct bfd_reflex *reflex = arguments_of(env, info, 1, arguments);
  return reflex ? addon_number(env, bfd_unused(reflex)) : NULL;
}

/* bfdSend(handle, session, packet): 0 | -errno */
static napi_value send_packet(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *bytes = NULL;
  size_t len = 0;
  struct bfd_reflex *reflex = arguments_of(env, info, 3, arguments);
  if (!reflex || !addon_bytes(env, arguments[2], &bytes, &len)) return NULL;
  return addon_number(env, bfd_send(reflex, int32_of(env, arguments[1]), bytes, len));
}

/* bfdCloseSession(handle, session) */
static napi_value close_session(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct bfd_reflex *reflex = arguments_of(env, info, 2, arguments);
  if (reflex) bfd_close_session(reflex, int32_of(env, arguments[1]));
  return NULL;
}

/* bfdIsCutOff(handle, session): 1 | 0 */
static napi_value is_cut_off(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct bfd_reflex *reflex = arguments_of(env, info, 2, arguments);
  return reflex ? addon_number(env, bfd_is_cut_off(reflex, int32_of(env, arguments[1]))) : NULL;
}

/* bfdRead(handle, counts): fills 64-bit numbers, in the order of enum bfd_count */
static napi_value read_counts(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *counts = NULL;
  size_t len = 0;
  struct bfd_reflex *reflex = arguments_of(env, info, 2, arguments);
  if (!reflex || !addon_bytes(env, arguments[1], &counts, &len)) return NULL;
  if (len != BFD_COUNTS * sizeof(uint64_t)) return napi_throw_type_error(env, NULL, "counts has the wrong length"), NULL;
  bfd_read(reflex, (void *)counts);
  return NULL;
}

/* bfdReadSession(handle, session, counts): fills 64-bit numbers, in the order of enum bfd_session_count */
static napi_value read_session(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *counts = NULL;
  size_t len = 0;
  struct bfd_reflex *reflex = arguments_of(env, info, 3, arguments);
  if (!reflex || !addon_bytes(env, arguments[2], &counts, &len)) return NULL;
  if (len != BFD_SESSION_COUNTS * sizeof(uint64_t))
    return napi_throw_type_error(env, NULL, "counts has the wrong length"), NULL;
  bfd_read_session(reflex, int32_of(env, arguments[1]), (void *)counts);
  return NULL;
}

/* bfdClose(handle): nothing is sent after it returns */
static napi_value close_reflex(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  if (handle && handle->reflex) {
    napi_remove_env_cleanup_hook(env, stop, handle);
    stop(handle);
  }
  return NULL;
}

void addon_init_bfd(napi_env env, napi_value exports) {
  addon_export(env, exports, "bfdOpen", open_reflex);
  addon_export(env, exports, "bfdOpenSocket", open_socket);
  addon_export(env, exports, "bfdCloseSocket", close_socket);
  addon_export(env, exports, "bfdOpenSession", open_session);
  addon_export(env, exports, "bfdOrder", order);
  addon_export(env, exports, "bfdOrderEcho", order_echo);
  addon_export(env, exports, "bfdUnused", unused);
  addon_export(env, exports, "bfdSend", send_packet);
  addon_export(env, exports, "bfdCloseSession", close_session);
  addon_export(env, exports, "bfdIsCutOff", is_cut_off);
  addon_export(env, exports, "bfdRead", read_counts);
  addon_export(env, exports, "bfdReadSession", read_session);
  addon_export(env, exports, "bfdClose", close_reflex);
}
