// SPDX-License-Identifier: Apache-2.0
/** Messages of hostile routers: seeded changes of good ones, given to the codec. FUZZ_RUNS makes it longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '../../src/lib/bytes.ts'
import {
  decodeRouterMessage,
  encodeRouterMessage,
  ROUTER_MALFORMATIONS,
  type RouterMessage,
} from '../../src/lib/router-advertisement.ts'
import { randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? '60000')
/** What a socket hands over at most. */
const LONGEST = 1500
const MAC = '02:00:00:00:00:01'
const MESSAGES: readonly RouterMessage[] = [
  { type: 'advertisement', lifetimeS: 0, linkLayer: MAC },
  { type: 'advertisement', lifetimeS: 65_535, linkLayer: null },
  { type: 'solicitation', linkLayer: MAC },
  { type: 'solicitation', linkLayer: null },
]
/** An MTU, a prefix, servers of names: options of real routers. */
const OPTIONS = fromHex(`0501 0000000005dc 0304 40c0 ${'00'.repeat(28)} 1903 0000 0000003c ${'20'.repeat(16)}`)
const SOURCES = ['fe80::1', 'fe80::1', 'fe80::1', '::', '2001:db8::1', 'fe8::1', '192.0.2.1', '', 'fe80::1%eth0']

/** Mostly small changes: what stays valid gets furthest. */
function mutate(good: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const bytes = random() < 0.3 ? Uint8Array.of(...good, ...OPTIONS) : Uint8Array.from(good)
  for (let times = below(4); times > 0; times--) {
    const at = below(bytes.length)
    const choices = [0, 1, 255, below(256), (bytes[at] ?? 0) ^ (1 << below(8))]
    bytes[at] = choices[below(choices.length)] ?? 0
  }
  if (random() < 0.1) return bytes.subarray(0, below(bytes.length + 1))
  return random() < 0.1 ? Uint8Array.of(...bytes, ...new Uint8Array(below(64)).fill(below(256))) : bytes
}

test(`${RUNS} changed messages: each is a message that can be written again, or malformed by name`, () => {
  const random = randomOf(4861)
  const good = MESSAGES.map(encodeRouterMessage)
  const seen = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutate(good[run % good.length] ?? new Uint8Array(), random)
    const from = SOURCES[Math.floor(random() * SOURCES.length)] ?? ''
    const hopLimit = random() < 0.05 ? 254 : 255
    const message = decodeRouterMessage({ bytes, from, hopLimit })
    const outcome = 'malformed' in message ? message.malformed : message.type
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    if ('malformed' in message) continue
    assert.equal(hopLimit, 255)
    assert.deepEqual(decodeRouterMessage({ bytes: encodeRouterMessage(message), from, hopLimit }), message)
  }
  assert.deepEqual(
    [...ROUTER_MALFORMATIONS, 'advertisement', 'solicitation'].filter((outcome) => !seen.has(outcome)),
    [],
    'all outcomes are tried',
  )
})

test('options without end: work in proportion to the bytes', () => {
  const [good = new Uint8Array()] = MESSAGES.map(encodeRouterMessage)
  const bytes = new Uint8Array(LONGEST - (LONGEST % 8)).fill(1)
  bytes.set(good.subarray(0, 16))
  const read = () => decodeRouterMessage({ bytes, from: 'fe80::1', hopLimit: 255 })
  assert.deepEqual(read(), { type: 'advertisement', lifetimeS: 0, linkLayer: '01:01:01:01:01:01' })
  const startedMs = workMs()
  for (let run = 0; run < 2000; run++) read()
  assert.ok(workMs() - startedMs < 2000, 'a millisecond for each')
})
