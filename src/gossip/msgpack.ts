// SPDX-License-Identifier: Apache-2.0
/** msgpack by its old rules. */
export type Packed = number | bigint | boolean | null | Uint8Array | readonly Packed[] | ReadonlyMap<string, Packed>
