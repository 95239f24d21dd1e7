// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { loadNative } from './native.ts'

/** The user id of the process at the other end of a local socket; null where the kernel does not say. */
export function peerUserOf(socket: Socket): number | null {
  // Node keeps the descriptor to itself; where it stands is the same in all versions, and without it nobody is let in.
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  const user = typeof fd === 'number' && fd >= 0 ? loadNative().peerUser(fd) : -1
  return user < 0 ? null : user
}
