// SPDX-License-Identifier: Apache-2.0
/**
 * BGP messages from hostile hands: seeded mutations of what BIRD, FRR, GoBGP and ExaBGP send, with lengths that lie and
 * with lengths that fit. Nothing may be thrown, the work must stay in proportion, what comes out must be in order and
 * survive being written, and memory must not grow. FUZZ_SEED and FUZZ_SECONDS repeat or prolong a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MAX_PATH_ASNS } from '../../src/bgp/codec/as-path.ts'
import { decode, encode } from '../../src/bgp/codec/codec.ts'
import { Framer } from '../../src/bgp/codec/framer.ts'
import type { Dialect, Malformed, Message, Update } from '../../src/bgp/codec/message.ts'
import { notificationWords } from '../../src/bgp/codec/notification-words.ts'
import { reachUpdates } from '../../src/bgp/codec/update-encode.ts'
import { fromHex, toHex } from '../../src/lib/bytes.ts'
import { parseIp, WIDTH } from '../../src/lib/ip.ts'
import { type Cidr, mask } from '../../src/lib/prefix.ts'
import { FOUR_OCTETS, INTERNAL, messageAround, messageOf, TWO_OCTETS, VECTORS } from './bgp-vectors.ts'
import { randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 4000
const SLACK_MS = 500
const HEAP_GROWTH_BYTES = 32 * 2 ** 20
const LONGEST = 65_535
/** On a slow machine, too, so that all sorts of answers are seen. */
const LEAST_RUNS = 5000

const DIALECTS: readonly Dialect[] = [
  FOUR_OCTETS,
  INTERNAL,
  TWO_OCTETS,
  { ...INTERNAL, maxBytes: LONGEST },
  { ...FOUR_OCTETS, families: new Set(['ipv6']), extendedNextHop: new Set() },
]
const LONG: Dialect = { ...INTERNAL, maxBytes: LONGEST }
const CORPUS = VECTORS.map(({ hex }) => messageOf(hex))
/** Attributes, capabilities, prefixes and lengths that mean something somewhere. */
const PIECES = `
  00 ff 7f 80 c0 90 d0 40 0000 ffff 00ff 0100 1000 40010100 40010103 400200 40020602010000fbf6 500200060201fa56ea01
  400206ff010000fbf6 40020202 0200 40030400000000 400304e0000001 80040400000007 90040004 40050400000064 400600
  c007080000fbf60a090002 c007065ba00a090002 c00804ffffff01 80090400000001 800a0400000001 800e0000 800f0300010180
  800f03000201 800e05000201000000 900e001c00020110 c010080002fbf600000001 c011060201fa56ea01 c0120800000000
  c0200c000000010000000200000003 c01704 c0230100 c0280501ffff0000 c08007 e06301aa 2180 81 20c0000201 18c00002
  0206 0104000100010104 41040000fbf6 410100 4006c078000101804b4140 49020000 05060001000100020506 ffff0009 ff0000
`
  .trim()
  .split(/\s+/)
  .map(fromHex)

/** Whole attributes: those without which there is no route several times. */
const BASE = ['40010100', '40020602010000fbf6', '4002040201fbf6', '4003040a090002']
const MP_REACH = '800e1c00020110 20010db8000900000000000000000002 00 3020010db8000c'
const MP_OVER_IPV6 = '800e1900010110 20010db8000900000000000000000002 00 18c00002'
const ATTRIBUTES = [...BASE, ...BASE, ...BASE, MP_REACH, MP_REACH, MP_OVER_IPV6]
  .map(fromHex)
  .concat(PIECES.filter((piece) => piece.length > 2 && piece.length === 3 + (piece[2] ?? 0)))
const PREFIXES = '18c00002 20c0000201 00 10c000 0180 19c0000280 21c000020100 18c0'.split(' ').map(fromHex)

function mutated(random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (list: readonly Uint8Array[]): Uint8Array => list[below(list.length)] ?? new Uint8Array(0)
  const original = pick(CORPUS)
  let body = original.subarray(19)
  for (let times = below(5); times > 0; times--) {
    const at = below(body.length + 1)
    const end = Math.min(body.length, at + below(random() < 0.2 ? body.length : 6))
    const [head, middle, tail] = [body.subarray(0, at), body.subarray(at, end), body.subarray(end)]
    const repeated = Buffer.alloc(random() < 0.05 ? below(LONGEST) : below(8), below(256))
    const choices = [
      [head, pick(PIECES), tail],
      [head, pick(PIECES), middle, tail],
      [head, Uint8Array.of(below(256)), body.subarray(Math.min(at + 1, body.length))],
      [head, repeated, tail],
      [head, middle, middle, tail],
      [head, tail],
      [head, pick(CORPUS).subarray(19), tail],
    ]
    body = Buffer.concat(choices[below(choices.length)] ?? [])
  }
  return framed(original[18] ?? 2, body, random)
}

/** An UPDATE of three fields that end where they say, made of whole attributes and prefixes for the most part. */
function assembled(random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const some = (list: readonly Uint8Array[], most: number): Uint8Array =>
    Buffer.concat(Array.from({ length: below(most + 1) }, () => list[below(list.length)] ?? new Uint8Array(0)))
  const attributes = Uint8Array.from(some(ATTRIBUTES, 7))
  if (random() < 0.3) attributes[below(attributes.length)] = below(256)
  const [gone, reached] = [some(PREFIXES, 3), some(PREFIXES, 3)]
  const lengths = [gone, attributes].map(({ length }) => Uint8Array.of(length >> 8, length & 255))
  const [goneLength = new Uint8Array(0), attributesLength = new Uint8Array(0)] = lengths
  return framed(2, Buffer.concat([goneLength, gone, attributesLength, attributes, reached]), random)
}

function framed(type: number, body: Uint8Array, random: () => number): Uint8Array {
  const bytes = messageAround(random() < 0.9 ? type : 2, body.subarray(0, LONGEST - 19))
  if (random() < 0.05) bytes[Math.floor(random() * 19)] = Math.floor(random() * 256)
  return random() < 0.05 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
}

/** What is said about an answer; all that a session relies on is checked. */
function judge(answer: Message | Malformed, dialect: Dialect): string {
  if ('malformed' in answer) {
    const { code, subcode, data, why } = answer.malformed
    assert([1, 2, 3, 7].includes(code) && subcode <= 11 && why !== '')
    const reply = encode({ type: 'notification', code, subcode, data, reason: '' }, dialect)
    assert(!('malformed' in decode(reply, dialect)), 'what a peer is told is a message')
    return `${code}/${subcode}`
  }
  if (answer.type === 'update') checkUpdate(answer, dialect)
  if (answer.type === 'notification') assert.doesNotMatch(notificationWords(answer), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  if (answer.type === 'open') assert(answer.asn > 0 && answer.routerId > 0 && ![1, 2].includes(answer.holdSeconds))
  checkWritten(answer, dialect)
  return answer.type === 'update' ? `update ${answer.flaw?.treatment ?? 'fine'}` : answer.type
}

function checkUpdate({ reach, unreach, attributes, endOfRib, flaw }: Update, { families }: Dialect): void {
  assert(reach.length <= 2 && unreach.length <= 2)
  for (const { family, prefixes } of [...reach, ...unreach]) {
    assert(families.has(family) && prefixes.length > 0)
    for (const prefix of prefixes) assert(prefix.family === family && isCanonical(prefix))
  }
  for (const { nextHops } of reach) assert(nextHops.length === 1 || nextHops.length === 2)
  if (reach.length > 0) assert(attributes.origin !== undefined && attributes.asPath !== undefined)
  if (flaw?.treatment === 'treatAsWithdraw') assert(reach.length === 0 && endOfRib === null)
  if (endOfRib !== null) assert(families.has(endOfRib) && reach.length + unreach.length === 0)
  const asns = (attributes.asPath ?? []).flatMap((segment) => segment.asns)
  assert(asns.length <= 2 * MAX_PATH_ASNS && !asns.includes(0))
}

function isCanonical({ family, first, prefixBits }: Cidr): boolean {
  return (
    prefixBits <= WIDTH[family] &&
    first >> BigInt(WIDTH[family]) === 0n &&
    mask({ family, bits: first }, prefixBits).bits === first
  )
}

/** What is written is a message, and says the same each time it is read; an old speaker's confederations may get lost. */
function checkWritten(message: Message, { fourOctetAs, families }: Dialect): void {
  const dialect = { ...LONG, fourOctetAs, families }
  const written = encode(message, dialect)
  const read = decode(written, dialect)
  assert(!('malformed' in read) && read.type === message.type)
  if (fourOctetAs) assert.equal(toHex(encode(read, dialect)), toHex(written))
}

function inPieces(bytes: Uint8Array, maxBytes: number, random: () => number): string[] {
  const framer = new Framer()
  const most = 1 + Math.floor(random() * (random() < 0.5 ? 4 : 2000))
  const found: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * most)
    framer.push(bytes.slice(at, end))
    at = end
    for (let next = framer.next(maxBytes); next !== null; next = framer.next(maxBytes)) {
      if (!(next instanceof Uint8Array)) return [...found, next.malformed.why]
      found.push(Buffer.from(next).toString('hex'))
    }
  }
  return found
}

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** What is still in use. */
function heapBytes(): number {
  assert(typeof collect === 'function')
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test(`mutated messages, seed ${SEED}, ${SECONDS} s`, (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  const before = heapBytes()
  const seen = new Map<string, number>()
  let run = 0
  for (; performance.now() < stopAt || run < LEAST_RUNS; run++) {
    const dialect = DIALECTS[run % DIALECTS.length] ?? FOUR_OCTETS
    const bytes = random() < 0.4 ? assembled(random) : mutated(random)
    const start = workMs()
    try {
      const outcome = judge(decode(bytes, dialect), dialect)
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      const stream = Buffer.concat([bytes, mutated(random)])
      assert.deepEqual(
        inPieces(stream, dialect.maxBytes, random),
        inPieces(stream, dialect.maxBytes, () => 0.999),
      )
      const tookMs = workMs() - start
      assert(tookMs <= SLACK_MS + (bytes.length / 2 ** 20) * MS_PER_MB, `${bytes.length} bytes: ${tookMs} ms`)
    } catch (thrown) {
      const hex = Buffer.from(bytes).toString('hex')
      throw new Error(`seed ${SEED}, run ${run}: ${hex}`, { cause: thrown })
    }
  }
  context.diagnostic(`${run} inputs: ${JSON.stringify([...seen])}`)
  const wanted = 'open notification routeRefresh 1/2 1/3 2/0 3/1 3/2 3/9 3/10'.split(' ')
  const treatments = ['update fine', 'update treatAsWithdraw', 'update attributeDiscard']
  assert.deepEqual(
    [...wanted, ...treatments].filter((outcome) => !seen.has(outcome)),
    [],
    'all sorts of answers',
  )
  assert(heapBytes() - before < HEAP_GROWTH_BYTES, 'memory grows')
})

/** The most that the longest message can hold of each thing; the work must stay that of one look at each byte. */
const room = LONGEST - 23
const repeated = (hex: string, bytes: number): string => hex.repeat(Math.floor(bytes / (hex.length / 2)))
const attribute = (head: string, value: string): string =>
  `${head}${(value.length / 2).toString(16).padStart(4, '0')}${value}`
const DENSE: [string, string, string][] = [
  ['default routes', '40010100 400200 400304 0a090002', repeated('00', room - 40)],
  ['attributes of nothing', repeated('c06300', room), ''],
  [
    'different attributes',
    Array.from({ length: 200 }, (_, code) => attribute(`d0${(40 + code).toString(16)}`, '00'.repeat(300))).join(''),
    '',
  ],
  ['segments of one AS number', attribute('5002', repeated('02010000fbf6', room - 10)), ''],
  [
    'communities',
    `40010100 400200 400304 0a090002 ${attribute('d008', repeated('0001fff1ffff0000', room - 40))}`,
    '00',
  ],
  [
    'large communities',
    `40010100 400200 400304 0a090002 ${attribute('d020', Array.from({ length: 5400 }, (_, i) => (99999 - i).toString(16).padStart(24, '0')).join(''))}`,
    '00',
  ],
  ['IPv6 prefixes', attribute('900e', `00020110${'20'.repeat(16)}00${repeated('80'.padEnd(34, '1'), room - 40)}`), ''],
]
for (const [what, attributes, reached] of DENSE) {
  test(`a message full of ${what} is read in proportion`, () => {
    const [path, nlri] = [fromHex(attributes), fromHex(reached)]
    const body = Buffer.concat([Uint8Array.of(0, 0, path.length >> 8, path.length & 255), path, nlri])
    const bytes = messageAround(2, body)
    assert(bytes.length > 59_000 && bytes.length <= LONGEST, `${bytes.length} bytes`)
    const start = workMs()
    const answer = decode(bytes, LONG)
    assert(workMs() - start < SLACK_MS)
    judge(answer, LONG)
  })
}

test('a stream of single bytes is cut in proportion', () => {
  const framer = new Framer()
  const bytes = messageAround(2, new Uint8Array(LONGEST - 19))
  const start = workMs()
  let found = 0
  for (let times = 0; times < 4; times++) {
    for (const byte of bytes) {
      framer.push(Uint8Array.of(byte))
      if (framer.next(LONGEST) !== null) found++
    }
  }
  assert.equal(found, 4)
  assert(workMs() - start < SLACK_MS)
})

test('100,000 prefixes with 10 sets of attributes are packed in proportion', (context) => {
  const nextHop = parseIp('10.9.0.2')
  assert(nextHop)
  const prefixes = Array.from(
    { length: 10_000 },
    (_, index): Cidr => ({ family: 'ipv4', first: BigInt(0x0a00_0000 + index), prefixBits: 32 }),
  )
  const start = workMs()
  let bytes = 0
  for (let set = 0; set < 10; set++) {
    const attributes = { origin: 'igp', asPath: [{ type: 'sequence', asns: [64502] }], communities: [set] } as const
    for (const update of reachUpdates({ family: 'ipv4', nextHops: [nextHop], prefixes }, attributes, FOUR_OCTETS))
      bytes += update.length
  }
  const tookMs = workMs() - start
  context.diagnostic(`${bytes} bytes in ${Math.round(tookMs)} ms`)
  assert(bytes < 100_000 * 5 * 1.02, `${bytes} bytes`)
  assert(tookMs < 1000, `${tookMs} ms`)
})
