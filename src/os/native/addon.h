// SPDX-License-Identifier: Apache-2.0
/*
 * The border to JavaScript. Functions answer a number (0, or -errno of the call that failed) or the thing asked for;
 * src/os/native.ts has the signatures and is their only caller.
 */
#ifndef METALLB_ADDON_H
#define METALLB_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fetches exactly `count` arguments; false (with a TypeError pending) if there are fewer. */
bool addon_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

/* The memory of a Uint8Array; false (with a TypeError pending) if it is none. Valid until the function returns. */
bool addon_bytes(napi_env env, napi_value value, uint8_t **bytes, size_t *len);

napi_value addon_number(napi_env env, double value);

/* What an External made by us points to; NULL (with a TypeError pending) if it is none. */
void *addon_external(napi_env env, napi_value value);

void addon_export(napi_env env, napi_value exports, const char *name, napi_callback function);

void addon_init_neighbors(napi_env env, napi_value exports);
void addon_init_multicast(napi_env env, napi_value exports);
void addon_init_bfd(napi_env env, napi_value exports);
void addon_init_links(napi_env env, napi_value exports);
void addon_init_routers(napi_env env, napi_value exports);
void addon_init_process(napi_env env, napi_value exports);
void addon_init_tcp(napi_env env, napi_value exports);

#endif
