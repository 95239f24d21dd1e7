// SPDX-License-Identifier: Apache-2.0
/**
 * What a running program can be told to do, on its local socket and nowhere else. There is one thing, which changes what
 * is logged and nothing that the network sees: POST to begin with it, DELETE to end it.
 */
import { type Answer, plain } from './answer.ts'

export type Orders = Readonly<{
  /**
   * The messages of BGP peers at this address or interface, or of this name, stand in the log from now on, or no longer.
   * Answers the names of these peers; none: there is no such peer.
   */
  debugBgp(neighbour: string, on: boolean): readonly string[]
}>

const DEBUG_BGP = '/api/v1/debug/bgp/neighbor/'
const ON: ReadonlyMap<string, boolean> = new Map([
  ['POST', true],
  ['DELETE', false],
])

/** The request that asks for it. */
export function debugBgpRequest(neighbour: string, on: boolean): Readonly<{ method: string; path: string }> {
  return { method: on ? 'POST' : 'DELETE', path: DEBUG_BGP + encodeURIComponent(neighbour) }
}

/** Carries out what a request that is no GET asks for; null: it is no order. */
export function obey(orders: Orders | null, method: string, path: string): Answer | null {
  const on = ON.get(method)
  if (on === undefined || orders === null || !path.startsWith(DEBUG_BGP)) return null
  const neighbour = decoded(path.slice(DEBUG_BGP.length))
  const names = neighbour === '' ? [] : orders.debugBgp(neighbour, on)
  if (names.length === 0) return plain(404, `there is no BGP peer ${JSON.stringify(neighbour)} on this node`)
  return plain(
    200,
    `messages of BGP peer ${names.join(', ')} are ${on ? 'in the log from now on' : 'no longer in the log'}`,
  )
}

/** '' where it is no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
