// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'

/** Node keeps the descriptor to itself; where it stands is the same in all versions. Null for a socket that is closed. */
export function descriptorOf(socket: Socket): number | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof fd === 'number' && fd >= 0 ? fd : null
}
