// SPDX-License-Identifier: Apache-2.0
/**
 * MetalLB's /etc/metallb/memberlist/config.json: all 19 knobs of the member list at once, in place of a preset. As there,
 * durations are texts in Go's form and have to be given, and numbers and switches that are not given are 0 and false.
 */
import type { GossipConfig } from '../../gossip/config.ts'
import { isRecord } from '../../lib/unchecked.ts'
import { parseDuration } from '../../model/duration.ts'

export type RingFileReading =
  | Readonly<{ ok: true; gossip: GossipConfig; warnings: readonly string[] }>
  /** Half a sentence, which goes on after the name of the file. */
  | Readonly<{ ok: false; flaw: string }>

const LONGEST = '24h'
const LONGEST_MS = 24 * 3_600_000
const MOST = 2 ** 31 - 1
/** Members send nothing larger by UDP, whatever they are told. */
const MOST_UDP = 65_535

/** What a text says of a time of the ring: `off` also allows 0. Below a millisecond it would do nothing else. */
export function ringDuration(text: string, zero: 'off' | 'refused'): number | undefined {
  const ms = parseDuration(text)
  if (ms === undefined || ms > LONGEST_MS) return undefined
  return ms >= 1 || (ms === 0 && zero === 'off') ? ms : undefined
}

/** The words for what `ringDuration` takes. */
export function durationWanted(zero: 'off' | 'refused'): string {
  return `a duration such as "10s", from 1ms to ${LONGEST}${zero === 'off' ? ', or "0"' : ''}`
}

/** Reads the text of the file. Keys count whatever their case, as Go reads them. */
export function parseRingFile(text: string): RingFileReading {
  const parsed = parseJson(text)
  if (!parsed.ok) return parsed
  if (!isRecord(parsed.value)) return { ok: false, flaw: 'is no JSON object' }
  const knobs = new Knobs(parsed.value)
  const gossip: GossipConfig = {
    tcpTimeoutMs: knobs.duration('TCPTimeout', 'refused'),
    indirectChecks: knobs.count('IndirectChecks'),
    retransmitMult: knobs.count('RetransmitMult'),
    suspicionMult: knobs.count('SuspicionMult'),
    suspicionMaxTimeoutMult: knobs.count('SuspicionMaxTimeoutMult'),
    pushPullIntervalMs: knobs.duration('PushPullInterval', 'off'),
    probeTimeoutMs: knobs.duration('ProbeTimeout', 'refused'),
    probeIntervalMs: knobs.duration('ProbeInterval', 'off'),
    disableTcpPings: knobs.toggle('DisableTcpPings'),
    awarenessMaxMultiplier: knobs.count('AwarenessMaxMultiplier'),
    gossipNodes: knobs.count('GossipNodes'),
    gossipIntervalMs: knobs.duration('GossipInterval', 'off'),
    gossipToTheDeadTimeMs: knobs.duration('GossipToTheDeadTime', 'off'),
    gossipVerifyIncoming: knobs.toggle('GossipVerifyIncoming'),
    gossipVerifyOutgoing: knobs.toggle('GossipVerifyOutgoing'),
    enableCompression: knobs.toggle('EnableCompression'),
    handoffQueueDepth: knobs.count('HandoffQueueDepth'),
    udpBufferSize: knobs.count('UDPBufferSize', MOST_UDP),
    queueCheckIntervalMs: knobs.duration('QueueCheckInterval', 'off'),
  }
  return knobs.finish(gossip)
}

function parseJson(text: string): Readonly<{ ok: true; value: unknown }> | Readonly<{ ok: false; flaw: string }> {
  try {
    const value: unknown = JSON.parse(text)
    return { ok: true, value }
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return { ok: false, flaw: `is no JSON: ${thrown.message}` }
  }
}

/** What the file says of each knob, and what is wrong with it. */
class Knobs {
  readonly #given: Map<string, Readonly<{ name: string; value: unknown }>>
  readonly #missing: string[] = []
  readonly #missingDurations: string[] = []
  readonly #flaws: string[] = []

  constructor(file: Readonly<Record<string, unknown>>) {
    // null is what Go takes for a key that is not there.
    const given = Object.entries(file).filter(([, value]) => value !== null)
    this.#given = new Map(given.map(([name, value]) => [name.toLowerCase(), { name, value }]))
  }

  duration(name: string, zero: 'off' | 'refused'): number {
    const value = this.#take(name)
    const ms = typeof value === 'string' ? ringDuration(value, zero) : undefined
    if (value === undefined) this.#missingDurations.push(name)
    else if (ms === undefined) this.#flaw(name, value, durationWanted(zero))
    return ms ?? 0
  }

  count(name: string, most = MOST): number {
    const value = this.#take(name)
    if (value === undefined) this.#missing.push(name)
    else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
    else this.#flaw(name, value, `a whole number from 0 to ${most}`)
    return 0
  }

  toggle(name: string): boolean {
    const value = this.#take(name)
    if (value === undefined) this.#missing.push(name)
    else if (typeof value !== 'boolean') this.#flaw(name, value, 'true or false')
    return value === true
  }

  /** After all of them were asked for: what is left is nobody's. */
  finish(gossip: GossipConfig): RingFileReading {
    const { length } = this.#missingDurations
    const lacking = `lacks ${this.#missingDurations.join(', ')}, a duration such as "10s"${length > 1 ? ' each' : ''}`
    const flaws = [...(length > 0 ? [lacking] : []), ...this.#flaws]
    if (flaws.length > 0) return { ok: false, flaw: flaws.join('; ') }
    const unknown = [...this.#given.values()].map(({ name }) => shown(name))
    const warnings = [
      ...(this.#missing.length > 0 ? [`lacks ${this.#missing.join(', ')}: 0 or false counts, not a default`] : []),
      ...(unknown.length > 0 ? [`has ${unknown.join(', ')}, which nobody knows`] : []),
    ]
    return { ok: true, gossip, warnings }
  }

  #take(name: string): unknown {
    const key = name.toLowerCase()
    const value = this.#given.get(key)?.value
    this.#given.delete(key)
    return value
  }

  #flaw(name: string, value: unknown, wanted: string): void {
    this.#flaws.push(`has ${name}: ${shown(value)}, which is not ${wanted}`)
  }
}

const MOST_SHOWN = 60

/** As JSON, cut: it may be anything. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}
