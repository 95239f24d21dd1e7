// SPDX-License-Identifier: Apache-2.0
#include "addon.h"

bool addon_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  size_t got = count;
  if (napi_get_cb_info(env, info, &got, arguments, NULL, NULL) == napi_ok && got >= count) return true;
  napi_throw_type_error(env, NULL, "too few arguments to the native part");
  return false;
}

bool addon_bytes(napi_env env, napi_value value, uint8_t **bytes, size_t *len) {
  napi_typedarray_type type;
  bool is_array = false;
  napi_is_typedarray(env, value, &is_array);
  if (is_array && napi_get_typedarray_info(env, value, &type, len, (void **)bytes, NULL, NULL) == napi_ok &&
      type == napi_uint8_array)
    return true;
  napi_throw_type_error(env, NULL, "the native part expects a Uint8Array");
  return false;
}

napi_value addon_number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

void *addon_external(napi_env env, napi_value value) {
  void *pointer = NULL;
  if (napi_get_value_external(env, value, &pointer) != napi_ok)
    napi_throw_type_error(env, NULL, "the native part expects a handle of its own");
  return pointer;
}

void addon_export(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value = NULL;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  addon_init_neighbors(env, exports);
  addon_init_multicast(env, exports);
  addon_init_bfd(env, exports);
  addon_init_links(env, exports);
  addon_init_routers(env, exports);
  addon_init_process(env, exports);
  addon_init_tcp(env, exports);
  return exports;
}
