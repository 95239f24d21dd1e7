// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "addon.h"
#include "multicast.h"

static int32_t int32_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

/* multicastOpen(): descriptor | -errno */
static napi_value multicast_open_socket(napi_env env, napi_callback_info info) {
  (void)info;
  return addon_number(env, multicast_open());
}

/* (descriptor, group, ifindex): 0 | -errno */
static napi_value change(napi_env env, napi_callback_info info, int (*call)(int, const uint8_t[16], int32_t)) {
  napi_value arguments[3];
  uint8_t *group = NULL;
  size_t len = 0;
  if (!addon_arguments(env, info, 3, arguments) || !addon_bytes(env, arguments[1], &group, &len)) return NULL;
  if (len != 16) {
    napi_throw_type_error(env, NULL, "an IPv6 address has 16 bytes");
    return NULL;
  }
  return addon_number(env, call(int32_of(env, arguments[0]), group, int32_of(env, arguments[2])));
}

/* multicastJoin(descriptor, group, ifindex): 0 | -errno */
static napi_value join(napi_env env, napi_callback_info info) { return change(env, info, multicast_join); }

/* multicastLeave(descriptor, group, ifindex): 0 | -errno */
static napi_value leave(napi_env env, napi_callback_info info) { return change(env, info, multicast_leave); }

/* multicastJoinAll(ifindex): descriptor | -errno */
static napi_value join_all(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!addon_arguments(env, info, 1, arguments)) return NULL;
  return addon_number(env, multicast_join_all(int32_of(env, arguments[0])));
}

/* multicastClose(descriptor): leaves all its groups */
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (addon_arguments(env, info, 1, arguments)) close(int32_of(env, arguments[0]));
  return NULL;
}

void addon_init_multicast(napi_env env, napi_value exports) {
  addon_export(env, exports, "multicastOpen", multicast_open_socket);
  addon_export(env, exports, "multicastJoin", join);
  addon_export(env, exports, "multicastLeave", leave);
  addon_export(env, exports, "multicastJoinAll", join_all);
  addon_export(env, exports, "multicastClose", close_socket);
}
