// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { descriptorOf } from './descriptor.ts'
import { loadNative } from './native.ts'

/** The user id of the process at the other end of a local socket; null where the kernel does not say. */
export function peerUserOf(socket: Socket): number | null {
  const fd = descriptorOf(socket)
  const user = fd === null ? -1 : loadNative().peerUser(fd)
  return user < 0 ? null : user
}
