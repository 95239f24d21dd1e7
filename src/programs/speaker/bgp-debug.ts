// SPDX-License-Identifier: Apache-2.0
/**
 * Messages of single BGP peers in the log, asked for on the local socket while the speaker runs. Who is asked about is
 * kept by the name of the peer, so that it outlives sessions; a restart forgets it.
 */
import { decode } from '../../bgp/codec/codec.ts'
import { type Dialect, INITIAL_DIALECT, type Malformed, type Message, type Update } from '../../bgp/codec/message.ts'
import { notificationWords } from '../../bgp/codec/notification-words.ts'
import type { PeerView } from '../../bgp/peer-setup.ts'
import { formatIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import { formatCidr } from '../../lib/prefix.ts'
import type { Orders } from '../listeners/orders.ts'
import { asnOf, asPathText, capabilityText, communityText, routerIdText } from './bgp-words.ts'
import type { ConfiguredPeer, PeerReadings } from './peers-readings.ts'

type Fields = Readonly<Record<string, unknown>>

/** Prefixes of an UPDATE that one line names; there may be a thousand. */
const MOST_NAMED = 20
/** What went out is read as most sessions are spoken; where that fails, as those of old peers. */
const DIALECT: Dialect = {
  fourOctetAs: true,
  families: new Set(['ipv4', 'ipv6']),
  extendedNextHop: new Set(['ipv4']),
  maxBytes: 65_535,
  internal: true,
}
const OLD: Dialect = { ...DIALECT, fourOctetAs: false, extendedNextHop: INITIAL_DIALECT.extendedNextHop }

export class BgpDebug implements Orders {
  readonly #log: Log
  readonly #readings: Pick<PeerReadings, 'peers' | 'configured'>
  readonly #names = new Set<string>()

  /** `log` gets a line for each message: none that remembers what it is told. */
  constructor(log: Log, readings: Pick<PeerReadings, 'peers' | 'configured'>) {
    this.#log = log
    this.#readings = readings
  }

  debugBgp(neighbour: string, on: boolean): readonly string[] {
    const views = [...this.#readings.peers()]
    const names = views.filter((view) => isAt(view, this.#readings.configured(view.name), neighbour))
    for (const { name } of names) {
      if (on) this.#names.add(name)
      else this.#names.delete(name)
      this.#log.info(`messages of a BGP peer are ${on ? 'logged' : 'no longer logged'}`, { peer: name })
    }
    return names.map(({ name }) => name)
  }

  /** Each message of each peer; costs nothing for those that nobody asked about. */
  message(peer: string, direction: 'sent' | 'received', message: Message | Malformed | Uint8Array): void {
    if (this.#names.size === 0 || !this.#names.has(peer)) return
    const read = message instanceof Uint8Array ? readSent(message) : message
    this.#log.info(`BGP message ${direction}`, { peer, direction, ...messageFields(read) })
  }
}

function isAt({ name, to }: PeerView, peer: ConfiguredPeer | undefined, neighbour: string): boolean {
  const address = peer?.address ? formatIp(peer.address) : null
  return [name, to?.address, to?.address.replace(/%.*$/s, ''), peer?.interface, address].includes(neighbour)
}

function readSent(bytes: Uint8Array): Message | Malformed {
  const message = decode(bytes, DIALECT)
  const isOdd = 'malformed' in message || (message.type === 'update' && message.flaw !== null)
  return isOdd ? decode(bytes, OLD) : message
}

/** What a message says, for a line of the log. */
export function messageFields(message: Message | Malformed): Fields {
  if ('malformed' in message) return { type: 'malformed', why: message.malformed.why }
  const { type } = message
  switch (message.type) {
    case 'open': {
      const capabilities = message.capabilities.map(capabilityText)
      return {
        type,
        asn: asnOf(message),
        holdSeconds: message.holdSeconds,
        routerId: routerIdText(message.routerId),
        capabilities,
      }
    }
    case 'update':
      return { type, ...updateFields(message) }
    case 'notification':
      return { type, says: notificationWords(message) }
    case 'keepalive':
      return { type }
    case 'routeRefresh':
      return { type, family: message.family, afi: message.afi, safi: message.safi, subtype: message.subtype }
  }
}

function updateFields({ reach, unreach, attributes, endOfRib, flaw }: Update): Fields {
  if (endOfRib !== null) return { endOfRib }
  const announced = reach.flatMap(({ prefixes }) => prefixes)
  const withdrawn = unreach.flatMap(({ prefixes }) => prefixes)
  const { asPath = [], communities = [], ...others } = attributes
  const said = {
    ...named('announced', announced),
    nextHops: reach.flatMap(({ nextHops }) => nextHops.map(formatIp)),
    asPath: asPathText(asPath),
    ...others,
    unknown: others.unknown?.map(({ code }) => code),
    communities: communities.map(communityText),
  }
  return {
    ...(announced.length > 0 && said),
    ...(withdrawn.length > 0 && named('withdrawn', withdrawn)),
    ...(flaw !== null && { flaw: flaw.why }),
  }
}

function named(word: string, prefixes: readonly Parameters<typeof formatCidr>[0][]): Fields {
  const more = prefixes.length - MOST_NAMED
  return { [word]: prefixes.slice(0, MOST_NAMED).map(formatCidr), ...(more > 0 && { [`${word}More`]: more }) }
}
