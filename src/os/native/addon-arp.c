// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "arp-reflex.h"

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

/* On JavaScript's thread: listener(kind, pausedMs, ip, ifindex, mac). */
static void call_listener(napi_env env, napi_value listener, void *context, void *data) {
  struct handle *handle = context;
  struct reflex_event *event = data;
  napi_value self = NULL;
  napi_value mac = NULL;
  if (env && event->kind == REFLEX_SUSPENDED) handle->pause = event->pause;
  if (env && listener && napi_get_undefined(env, &self) == napi_ok &&
      napi_create_buffer_copy(env, sizeof event->mac, event->mac, NULL, &mac) == napi_ok) {
    napi_value arguments[] = {addon_number(env, event->kind), addon_number(env, (double)event->paused_ms),
                              addon_number(env, event->ip), addon_number(env, event->ifindex), mac};
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

/* arpOpen(pauseMs, listener): handle | -errno */
static napi_value arp_open(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  napi_value name = NULL;
  napi_value result = NULL;
  uint32_t pause_ms = 0;
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  napi_get_value_uint32(env, arguments[0], &pause_ms);
  napi_create_string_utf8(env, "arp-reflex", NAPI_AUTO_LENGTH, &name);
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

/* arpAttach(handle, ifindex, mac, filter): 0 | -errno */
static napi_value arp_attach(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *mac = NULL;
  size_t mac_len = 0;
  packet_filter filter;
  if (!addon_arguments(env, info, 4, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !addon_bytes(env, arguments[2], &mac, &mac_len)) return NULL;
  struct arp_port port = {.ifindex = int32_of(env, arguments[1])};
  if (mac_len != sizeof port.mac) {
    napi_throw_type_error(env, NULL, "a MAC address has 6 bytes");
    return NULL;
  }
  memcpy(port.mac, mac, sizeof port.mac);
  if (!filter_of(env, arguments[3], &filter)) return NULL;
  int error = reflex_attach(reflex, &port, &filter);
  free(filter.filter);
  return addon_number(env, error);
}

/* arpDetach(handle, ifindex): 0 | -errno */
static napi_value arp_detach(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  if (!addon_arguments(env, info, 2, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  return reflex ? addon_number(env, reflex_detach(reflex, int32_of(env, arguments[1]))) : NULL;
}

/* arpFilter(handle, ifindex, filter): 0 | -errno */
static napi_value arp_filter(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  packet_filter filter;
  if (!addon_arguments(env, info, 3, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !filter_of(env, arguments[2], &filter)) return NULL;
  int error = reflex_set_filter(reflex, int32_of(env, arguments[1]), &filter);
  free(filter.filter);
  return addon_number(env, error);
}

/* arpSwap(handle, ips, firsts, counts, ifindexes): 0 | -errno; each the bytes of an aligned array of 32-bit numbers */
static napi_value arp_swap(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  uint8_t *arrays[4];
  size_t lens[4];
  if (!addon_arguments(env, info, 5, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex) return NULL;
  for (int i = 0; i < 4; i++)
    if (!addon_bytes(env, arguments[i + 1], &arrays[i], &lens[i])) return NULL;
  if (lens[1] != lens[0] || lens[2] != lens[0]) {
    napi_throw_type_error(env, NULL, "ips, firsts and counts differ in length");
    return NULL;
  }
  struct arp_table table = {(void *)arrays[0], (void *)arrays[1], (void *)arrays[2], lens[0] / 4,
                            (void *)arrays[3], lens[3] / 4};
  return addon_number(env, reflex_swap(reflex, &table));
}

/* arpSend(handle, ifindex, frame): 0 | -errno */
static napi_value arp_send(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *frame = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 3, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !addon_bytes(env, arguments[2], &frame, &len)) return NULL;
  return addon_number(env, reflex_send(reflex, int32_of(env, arguments[1]), frame, len));
}

/* arpConfirm(handle): without effect if there was another pause that the listener has not heard of yet */
static napi_value arp_confirm(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (reflex) reflex_confirm(reflex, handle->pause);
  return NULL;
}

/* arpRead(handle, counts, drops): 0; fills 64-bit numbers: requests and replies of each address, and the drops by code */
static napi_value arp_read(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *counts = NULL;
  uint8_t *drops = NULL;
  size_t counts_len = 0;
  size_t drops_len = 0;
  if (!addon_arguments(env, info, 3, arguments)) return NULL;
  struct reflex *reflex = reflex_of(env, arguments[0]);
  if (!reflex || !addon_bytes(env, arguments[1], &counts, &counts_len)) return NULL;
  if (!addon_bytes(env, arguments[2], &drops, &drops_len)) return NULL;
  if (drops_len != ARP_DROPS * sizeof(uint64_t)) {
    napi_throw_type_error(env, NULL, "drops has the wrong length");
    return NULL;
  }
  reflex_read(reflex, (void *)counts, counts_len / sizeof(struct reflex_count), (void *)drops);
  return addon_number(env, 0);
}

/* arpClose(handle): nothing is answered after it returns */
static napi_value arp_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  struct handle *handle = addon_external(env, arguments[0]);
  if (handle && handle->reflex) {
    napi_remove_env_cleanup_hook(env, stop, handle);
    stop(handle);
  }
  return NULL;
}

void addon_init_arp(napi_env env, napi_value exports) {
  addon_export(env, exports, "arpOpen", arp_open);
  addon_export(env, exports, "arpAttach", arp_attach);
  addon_export(env, exports, "arpDetach", arp_detach);
  addon_export(env, exports, "arpFilter", arp_filter);
  addon_export(env, exports, "arpSwap", arp_swap);
  addon_export(env, exports, "arpSend", arp_send);
  addon_export(env, exports, "arpConfirm", arp_confirm);
  addon_export(env, exports, "arpRead", arp_read);
  addon_export(env, exports, "arpClose", arp_close);
}
