// SPDX-License-Identifier: Apache-2.0
/** Packets of hostile peers, and a reflex that only hears what is ordered. FUZZ_RUNS makes the runs longer. */
import assert from 'node:assert/strict'
import { CONTROL_BYTES, type ControlPacket } from '../../src/bfd/codec.ts'
import { initialSession, packetOf } from '../../src/bfd/fsm.ts'
import type { BfdEcho, BfdReflex, BfdReflexListener, BfdSession } from '../../src/lib/bfd-reflex.ts'

export const RUNS = Number(process.env['FUZZ_RUNS'] ?? '60000')
const PEER = 0x0102_0304
const timers = { desiredMinTxUs: 100_000, requiredMinRxUs: 100_000, detectMult: 4 }

/** Good packets of a peer that knows our discriminator, or does not. */
export function corpus(ourId: number): ControlPacket[] {
  const session = { ...initialSession(PEER, timers), remoteId: ourId }
  return (['AdminDown', 'Down', 'Init', 'Up'] as const).flatMap((state) => {
    const packet = packetOf({ ...session, state })
    return [
      packet,
      { ...packet, poll: true },
      { ...packet, final: true },
      { ...packet, myId: PEER + 1 },
      { ...packet, myId: 0 },
    ]
  })
}

/** Mostly small changes: what stays valid gets furthest. */
export function mutate(good: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const bytes = Uint8Array.from(good)
  for (let times = below(4); times > 0; times--) {
    const at = below(bytes.length)
    const choices = [0, 255, below(256), (bytes[at] ?? 0) ^ (1 << below(8))]
    bytes[at] = choices[below(choices.length)] ?? 0
  }
  if (random() < 0.1) return bytes.subarray(0, below(bytes.length + 1))
  return random() < 0.1 ? Uint8Array.of(...bytes, ...new Uint8Array(below(224))) : bytes
}

/** Only hears: what a watch orders, and what it sends. */
export class ListeningReflex implements BfdReflex {
  listener: BfdReflexListener | undefined
  ordered: BfdSession | undefined
  echo: BfdEcho | null = null
  /** Of our echoes, as many have come back. */
  echoIn = 0
  discriminator = 0
  sent = 0
  listen(listener: BfdReflexListener): void {
    this.listener = listener
  }
  openSocket(): number {
    return 1
  }
  closeSocket(): void {}
  openSession(_socket: number, { discriminator }: { discriminator: number }): number {
    this.discriminator = discriminator
    return 2
  }
  setSession(_session: number, state: BfdSession): void {
    this.ordered = state
  }
  send(): void {
    this.sent++
  }
  setEcho(_session: number, echo: BfdEcho | null): void {
    this.echo = echo
  }
  sessionCounters(): ReturnType<BfdReflex['sessionCounters']> {
    return { controlIn: 0, controlOut: 0, echoIn: this.echoIn, echoOut: 0, looped: 0 }
  }
  isCutOff(): boolean {
    return false
  }
  closeSession(): void {}
  counters(): ReturnType<BfdReflex['counters']> {
    return { sent: 0, unsent: 0, accepted: 0, told: 0, dropped: { ttl: 0, flood: 0, oversized: 0, interface: 0 } }
  }
  close(): void {}
}

/** What goes down to the reflex has the size and the numbers that it can take. */
export function checkOrders(state: BfdSession | undefined, key: Uint8Array | null): asserts state is BfdSession {
  assert.ok(state)
  const { packet, expected, intervalUs, detectUs, detectMult } = state
  assert.equal(packet.length, key ? CONTROL_BYTES + 8 : CONTROL_BYTES)
  assert.ok(expected.length <= 256)
  assert.ok(Number.isInteger(intervalUs) && (intervalUs === 0 || intervalUs >= 100_000) && intervalUs < 2 ** 32)
  assert.ok(Number.isInteger(detectUs) && detectUs >= 0 && detectUs < 255 * 2 ** 32)
  assert.ok(detectMult === 4)
}
