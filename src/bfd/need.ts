// SPDX-License-Identifier: Apache-2.0
/** What BGP peers ask of BFD, and what becomes of it where several ask for the same. Pure. */
import type { Role, Timers } from './fsm.ts'

export type BfdProfileTimers = Readonly<{
  transmitMs: number
  receiveMs: number
  detectMult: number
  /** Between echoes that we send, and between those that we can take; null: no echo. */
  echoMs: number | null
  passive: boolean
  /** With how much packets must arrive over several hops. */
  minTtl: number
}>

export type BfdNeed = Readonly<{
  /** Who asks: a BGPPeer. */
  name: string
  /** The peer's, in canonical text, without scope. */
  address: string
  /** Our own address for it. */
  local: string
  /** Single hop (RFC 5881) by this interface; null: over several hops (RFC 5883). */
  link: string | null
  /** Of a VRF. */
  device: string | null
  /** Its name, for people. */
  profile: string
  timers: BfdProfileTimers
}>

/** Needs that share a session: the one that counts, and the names of all. */
export type SharedNeed = Readonly<{ need: BfdNeed; names: readonly string[] }>

/** RFC 5881 §5: one hop leaves the TTL as it was sent. */
const ONE_HOP_TTL = 255

/** Needs by place: those of one place share a session. Of two profiles there the first by name of its peer counts. */
export function shareNeeds(needs: readonly BfdNeed[]): ReadonlyMap<string, SharedNeed> {
  const sorted = needs.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
  const shared = new Map<string, SharedNeed>()
  for (const [place, [need, ...others]] of Map.groupBy(sorted, placeOf)) {
    if (need) shared.set(place, { need, names: [need.name, ...others.map(({ name }) => name)] })
  }
  return shared
}

/** Two needs of the same place share a session. */
export function placeOf(need: BfdNeed): string {
  return `${sideOf(need)} ${need.local}`
}

/** Where the peer is, whichever address of ours it talks to. */
export function sideOf({ address, link, device }: BfdNeed): string {
  return `${address} ${link ?? ''} ${device ?? ''}`
}

/** What the session is to announce and to do. RFC 5883 §3: no echoes over several hops. */
export function settingsOf({ link, timers }: BfdNeed): Readonly<{ timers: Timers; role: Role }> {
  const { transmitMs, receiveMs, detectMult, echoMs, passive } = timers
  return {
    timers: { desiredMinTxUs: transmitMs * 1000, requiredMinRxUs: receiveMs * 1000, detectMult },
    role: { passive, echoUs: link === null ? 0 : (echoMs ?? 0) * 1000 },
  }
}

/** What arrives with less is dropped. */
export function minTtlOf({ link, timers }: BfdNeed): number {
  return link === null ? timers.minTtl : ONE_HOP_TTL
}

/** For people: `192.0.2.1 by eth0`. */
export function describeNeed({ address, link, device }: BfdNeed): string {
  const by = link ?? device
  return by === null ? address : `${address} by ${by}`
}
