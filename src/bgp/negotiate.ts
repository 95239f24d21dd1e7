// SPDX-License-Identifier: Apache-2.0
/** What we say in an OPEN, whether we accept the peer's, and what both together mean. */
import type { AddressFamily, Capability, Dialect, GracefulRestart, Open } from './codec/message.ts'
import { keepaliveMs, negotiatedHoldMs } from './timing.ts'

export type Config = Readonly<{
  /** What the peer knows us as. */
  localAsn: number
  /** A fixed number, or any number that is (not) ours. */
  remoteAs: number | 'internal' | 'external'
  /** An IPv4 address as a number, not 0 (RFC 6286). */
  routerId: number
  /** 0: for ever; else at least 3,000. */
  holdMs: number
  /** Null, and 0: a third of the hold time. */
  keepaliveMs: number | null
  /** Between dials; null: 1 s at first and then less and less often. */
  connectMs: number | null
  /** Never dials; waits to be dialled. */
  passive: boolean
  families: readonly AddressFamily[]
  /** IPv4 prefixes may be sent and received with an IPv6 next hop (RFC 8950). */
  extendedNextHop: boolean
  /** We keep forwarding while this program restarts, which takes so long at most; null: only the peer's restarts count. */
  gracefulRestart: Readonly<{ restartSeconds: number }> | null
  /** For people at the peer; null: not told. */
  hostname: string | null
}>

/** How an OPEN of ours differs from what the configuration says. */
export type Circumstances = Readonly<{
  /** This program has started anew, and the session is not yet back (RFC 4724, R bit). */
  restarting: boolean
  /** The peer knows no capabilities (RFC 5492 §3). */
  plain: boolean
}>

/** What a session consists of once both OPENs are known. */
export type Negotiated = Readonly<{
  dialect: Dialect
  peerAsn: number
  peerRouterId: number
  internal: boolean
  /** 0: for ever. */
  holdMs: number
  /** 0: none are sent. */
  keepaliveMs: number
  /** The peer answers, and may send, ROUTE-REFRESH. */
  routeRefresh: boolean
  /** What the peer says of its restarts; null: it knows no End-of-RIB (RFC 4724 §2). */
  peerRestart: GracefulRestart | null
  /** Both keep routes over a NOTIFICATION, unless it is a Hard Reset (RFC 8538). */
  notificationRestart: boolean
  sent: Open
  received: Open
}>

export type Refusal = Readonly<{ ok: false; subcode: number; data: Uint8Array; why: string }>
export type Outcome = Readonly<{ ok: true; negotiated: Negotiated }> | Refusal

/** Stands in 2 octets for a number that needs 4 (RFC 6793). */
const AS_TRANS = 23_456
const MOST_2_OCTETS = 65_535
const MOST_PLAIN_BYTES = 4096
const MOST_EXTENDED_BYTES = 65_535
/** RFC 4271 §6.2 and RFC 5492 §5: OPEN Message Error. */
const BAD_PEER_AS = 2
const BAD_ROUTER_ID = 3
const UNACCEPTABLE_HOLD_TIME = 6
const UNSUPPORTED_CAPABILITY = 7
const NOTHING = new Uint8Array(0)

/** Our OPEN. */
export function ownOpen(config: Config, { restarting, plain }: Circumstances): Open {
  const { localAsn, holdMs, routerId } = config
  return {
    type: 'open',
    asn: localAsn > MOST_2_OCTETS ? AS_TRANS : localAsn,
    holdSeconds: Math.min(Math.floor(holdMs / 1000), MOST_2_OCTETS),
    routerId,
    capabilities: plain ? [] : ownCapabilities(config, restarting),
  }
}

function ownCapabilities(config: Config, restarting: boolean): Capability[] {
  const { families, extendedNextHop, localAsn, hostname } = config
  return [
    ...families.map((family) => ({ type: 'multiprotocol', family }) as const),
    { type: 'routeRefresh' },
    ...(extendedNextHop && families.includes('ipv4') ? [{ type: 'extendedNextHop', family: 'ipv4' } as const] : []),
    { type: 'extendedMessage' },
    ownRestart(config, restarting),
    { type: 'fourOctetAs', asn: localAsn },
    ...(hostname === null ? [] : [{ type: 'hostname', host: hostname, domain: '' } as const]),
  ]
}

/** RFC 4724 §3: without families it says that we know what the peer's restart asks of us, and that we send End-of-RIB. */
function ownRestart({ gracefulRestart, families }: Config, restarting: boolean): GracefulRestart {
  if (gracefulRestart === null) {
    return { type: 'gracefulRestart', restarting: false, notification: false, restartSeconds: 0, families: [] }
  }
  // What forwards is the kernel: it does not notice that this program is gone.
  const preserved = families.map((family) => ({ family, preserved: true }))
  const { restartSeconds } = gracefulRestart
  return { type: 'gracefulRestart', restarting, notification: true, restartSeconds, families: preserved }
}

/** Judges the peer's OPEN (RFC 4271 §6.2) in the light of ours. */
export function negotiate(config: Config, sent: Open, received: Open): Outcome {
  const peerAsn = asnOf(received)
  const internal = peerAsn === config.localAsn
  if (peerAsn === null || !isExpected(config, peerAsn)) {
    return refused(BAD_PEER_AS, `the peer says it is AS ${peerAsn ?? received.asn}, expected ${expectation(config)}`)
  }
  if (received.routerId === 0) return refused(BAD_ROUTER_ID, 'the peer has no router ID')
  // RFC 6286 §2.2: within one AS it names one router.
  if (internal && received.routerId === config.routerId) {
    return refused(BAD_ROUTER_ID, 'the peer has our own router ID')
  }
  if (received.holdSeconds === 1 || received.holdSeconds === 2) {
    return refused(UNACCEPTABLE_HOLD_TIME, `the peer wants a hold time of ${received.holdSeconds} s`)
  }
  const families = commonFamilies(sent, received, config.families)
  if (families.size === 0) {
    return { ...refused(UNSUPPORTED_CAPABILITY, 'the peer has none of our address families'), data: lacking(config) }
  }
  return { ok: true, negotiated: combined(config, { sent, received, families, peerAsn, internal }) }
}

type Agreed = Pick<Negotiated, 'sent' | 'received' | 'peerAsn' | 'internal'> &
  Readonly<{ families: ReadonlySet<AddressFamily> }>

function combined(config: Config, { sent, received, families, peerAsn, internal }: Agreed): Negotiated {
  const both = (type: Capability['type']): boolean => has(sent, type) && has(received, type)
  const holdMs = negotiatedHoldMs(sent.holdSeconds, received.holdSeconds)
  const extendedNextHop = extendedNextHops(sent).intersection(extendedNextHops(received)).intersection(families)
  const maxBytes = both('extendedMessage') ? MOST_EXTENDED_BYTES : MOST_PLAIN_BYTES
  return {
    dialect: { fourOctetAs: both('fourOctetAs'), families, extendedNextHop, maxBytes, internal },
    peerAsn,
    peerRouterId: received.routerId,
    internal,
    holdMs,
    keepaliveMs: keepaliveMs(holdMs, config.keepaliveMs),
    routeRefresh: both('routeRefresh'),
    peerRestart: both('gracefulRestart') ? restartOf(received) : null,
    notificationRestart: restartOf(sent)?.notification === true && restartOf(received)?.notification === true,
    sent,
    received,
  }
}

/** The number that the peer says is its own; null: it contradicts itself, or is none (RFC 6793 §4.1, RFC 7607). */
function asnOf({ asn, capabilities }: Open): number | null {
  const capability = capabilities.find((one) => one.type === 'fourOctetAs')
  const real = capability?.asn ?? asn
  if (real === 0 || real === AS_TRANS) return null
  return asn === real || asn === AS_TRANS ? real : null
}

function isExpected({ remoteAs, localAsn }: Config, peerAsn: number): boolean {
  if (remoteAs === 'internal') return peerAsn === localAsn
  return remoteAs === 'external' ? peerAsn !== localAsn : peerAsn === remoteAs
}

function expectation({ remoteAs, localAsn }: Config): string {
  if (remoteAs === 'internal') return `our own, ${localAsn}`
  return remoteAs === 'external' ? `any but our own, ${localAsn}` : `${remoteAs}`
}

/** RFC 4760 §8: who names no family speaks IPv4. */
function commonFamilies(sent: Open, received: Open, own: readonly AddressFamily[]): Set<AddressFamily> {
  const [ours, theirs] = [familiesOf(sent), familiesOf(received)]
  return new Set(own.filter((family) => ours.has(family) && theirs.has(family)))
}

function familiesOf({ capabilities }: Open): ReadonlySet<AddressFamily> {
  const named = capabilities.filter(({ type }) => type === 'multiprotocol' || type === 'otherFamily')
  if (named.length === 0) return new Set(['ipv4'])
  return new Set(named.flatMap((one) => (one.type === 'multiprotocol' ? [one.family] : [])))
}

function extendedNextHops({ capabilities }: Open): Set<AddressFamily> {
  return new Set(capabilities.flatMap((one) => (one.type === 'extendedNextHop' ? [one.family] : [])))
}

function restartOf({ capabilities }: Open): GracefulRestart | null {
  // RFC 4724 §3: of several the last one counts.
  return capabilities.findLast((one) => one.type === 'gracefulRestart') ?? null
}

function has({ capabilities }: Open, type: Capability['type']): boolean {
  return capabilities.some((one) => one.type === type)
}

/** RFC 5492 §5: the capabilities that we miss, as they stand in an OPEN (RFC 4760 §8). */
function lacking({ families }: Config): Uint8Array {
  return Uint8Array.from(families.flatMap((family) => [1, 4, 0, family === 'ipv4' ? 1 : 2, 0, 1]))
}

function refused(subcode: number, why: string): Refusal {
  return { ok: false, subcode, data: NOTHING, why }
}
