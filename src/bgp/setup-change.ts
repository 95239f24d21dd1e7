// SPDX-License-Identifier: Apache-2.0
/** What a changed setup asks of a session that lives by the old one. */
import { isDeepStrictEqual } from 'node:util'
import type { PeerDial } from '../lib/peer-sockets.ts'
import type { Config } from './negotiate.ts'

export type Dial = Omit<PeerDial, 'timeoutMs'>

/**
 * Whether the session has to begin anew: what stands in its OPEN or is a property of its socket changed. The intervals of
 * keepalives and dials, and whether we dial at all, are neither.
 */
export function needsNewSession(before: Config, after: Config): boolean {
  return !isDeepStrictEqual(lasting(before), lasting(after))
}

/** Whether both lead to the same peer in the same way. */
export function sameDial(a: Dial, b: Dial): boolean {
  return isDeepStrictEqual(definite(a), definite(b))
}

function lasting(config: Config): Config {
  // The order of families changes nothing that the peer acts on.
  return { ...config, keepaliveMs: null, connectMs: null, passive: false, families: config.families.toSorted() }
}

function definite({ to, from, device, md5, minTtl }: Dial): unknown {
  return [to.address, to.port, from ?? '', device ?? '', md5 ?? '', minTtl ?? 0]
}
