// SPDX-License-Identifier: Apache-2.0
/**
 * Datagrams and streams of a ring from hostile hands: seeded mutations of what the real memberlist sends, in the clear,
 * wrapped anew after the change, and encrypted by somebody who has the key. Nothing may be thrown, the work must stay
 * in proportion, what comes out must survive being sent, and memory must not grow. FUZZ_SEED and FUZZ_SECONDS repeat or
 * prolong a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeMessage, encodeMessage, MAX_REMOTE_STATES } from '../../src/gossip/codec.ts'
import { compress, decompress } from '../../src/gossip/lzw.ts'
import { GOSSIP_DROPS, type Malformed, type Message } from '../../src/gossip/messages.ts'
import { type Envelope, openPacket, sealPacket, wrapCompressed } from '../../src/gossip/packet.ts'
import { StreamReader, sealStream } from '../../src/gossip/stream.ts'
import { fromHex } from '../../src/lib/bytes.ts'
import {
  COMPRESSED_STREAMS,
  ENCRYPTED_PACKETS,
  ENCRYPTED_STREAMS,
  LABELLED_PACKETS,
  MESSAGES,
  PACKETS,
  SERF_KEY,
  STREAMS,
} from './gossip-vectors.ts'
import { randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 2000
const SLACK_MS = 500
const HEAP_GROWTH_BYTES = 32 * 2 ** 20
const STREAM_BYTES = 2 ** 20

const BARE: Envelope = { key: null, label: '', compress: true, verifyIncoming: true, verifyOutgoing: true }
const ENVELOPES: readonly Envelope[] = [
  BARE,
  { ...BARE, key: fromHex(SERF_KEY) },
  { ...BARE, key: fromHex(SERF_KEY), verifyIncoming: false, compress: false },
  { ...BARE, label: 'blue' },
]
const CORPUS = [MESSAGES, PACKETS, ENCRYPTED_PACKETS, LABELLED_PACKETS, STREAMS, ENCRYPTED_STREAMS, COMPRESSED_STREAMS]
  .flat()
  .map(([, hex]) => fromHex(hex))
const PIECES = `
  00 ff 80 81 8f 90 9f a0 bf c0 c1 c2 ca3f800000 d3ffffffffffffffff c4ff c6ffffffff daffff dbffffffff
  dcffff ddffffffff deffff dfffffffff c9ffffffff00 ceffffffff cf0000000100000000 d27fffffff cdffff
  a54e6f646573 ac5573657253746174654c656e aa557365724d73674c656e 07 07ff 0982a4416c676f00a3427566
  0affffffff 0c00000000 f4 f404626c7565
`
  .trim()
  .split(/\s+/)
  .map(fromHex)

function mutated(random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (list: readonly Uint8Array[]): Uint8Array => list[below(list.length)] ?? new Uint8Array(0)
  let bytes = Uint8Array.from(pick(CORPUS))
  for (let times = below(4); times > 0; times--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + below(random() < 0.2 ? bytes.length : 6))
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const repeated = Buffer.alloc(random() < 0.05 ? 20_000 : 1, below(256))
    const choices = [
      [head, pick(PIECES), tail],
      [head, pick(PIECES), middle, tail],
      [head, Uint8Array.of(below(256)), bytes.subarray(Math.min(at + 1, bytes.length))],
      [head, repeated, tail],
      [head, middle, middle, tail],
      [head, tail],
      [head, pick(CORPUS), tail],
    ]
    bytes = Uint8Array.from(Buffer.concat(choices[below(choices.length)] ?? []))
  }
  return bytes
}

/** As it is, or wrapped as those who have the key, the label and a compressor can. */
function wrapped(bytes: Uint8Array, envelope: Envelope, random: () => number): Uint8Array {
  if (bytes.length === 0 || random() < 0.4) return bytes
  if (random() < 0.3) return sealStream(bytes, envelope)
  if (random() < 0.1) return wrapCompressed(wrapCompressed(bytes))
  const parts = random() < 0.5 ? [bytes] : [bytes.subarray(0, 60_000), bytes.subarray(0, 7)]
  return sealPacket(parts, envelope, { crc: random() < 0.5 })
}

function judge(message: Message | Malformed): void {
  if ('malformed' in message) {
    assert(GOSSIP_DROPS.includes(message.malformed))
    return
  }
  if (message.type === 'pushPull') assert(message.nodes.length <= MAX_REMOTE_STATES)
  assert.deepEqual(decodeMessage(encodeMessage(message)), message, 'what is taken can be passed on')
}

function inPieces(bytes: Uint8Array, envelope: Envelope, random: () => number): Message | Malformed | null {
  const reader = new StreamReader(envelope, { maxBytes: STREAM_BYTES })
  const most = 1 + Math.floor(random() * (random() < 0.5 ? 4 : 2000))
  let answer: Message | Malformed | null = null
  for (let at = 0; at < bytes.length && answer === null; at += most) {
    answer = reader.push(Buffer.from(bytes.subarray(at, at + most)))
  }
  return answer
}

function judgeAll(bytes: Uint8Array, envelope: Envelope, random: () => number): void {
  const messages = openPacket(bytes, envelope, (why) => assert(GOSSIP_DROPS.includes(why)))
  if ('malformed' in messages) judge(messages)
  else for (const message of messages) judge(message)
  const whole = new StreamReader(envelope, { maxBytes: STREAM_BYTES }).push(bytes)
  if (whole !== null) judge(whole)
  assert.deepEqual(inPieces(bytes, envelope, random), whole, 'the same in pieces')
  judge(decodeMessage(bytes))
  const plain = decompress(bytes, STREAM_BYTES)
  if (plain instanceof Uint8Array) assert.deepEqual(decompress(compress(plain), STREAM_BYTES), plain)
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

test(`mutated datagrams and streams, seed ${SEED}, ${SECONDS} s`, (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  const before = heapBytes()
  let run = 0
  let taken = 0
  for (; performance.now() < stopAt; run++) {
    const envelope = ENVELOPES[Math.floor(random() * ENVELOPES.length)] ?? BARE
    const bytes = wrapped(mutated(random), envelope, random)
    const start = workMs()
    try {
      judgeAll(bytes, envelope, random)
      const tookMs = workMs() - start
      assert(tookMs <= SLACK_MS + (bytes.length / 2 ** 20) * MS_PER_MB, `${bytes.length} bytes: ${tookMs} ms`)
    } catch (thrown) {
      throw new Error(`seed ${SEED}, run ${run}: ${Buffer.from(bytes).toString('hex')}`, { cause: thrown })
    }
    if (!('malformed' in openPacket(bytes, envelope))) taken++
  }
  context.diagnostic(`${run} inputs, ${taken} of them datagrams that are taken`)
  assert(run > 1000, 'a fuzzer that hardly runs finds nothing')
  assert(taken > run / 50, 'one that only makes garbage finds little')
  assert(heapBytes() - before < HEAP_GROWTH_BYTES, 'memory grows')
})

/** What Go makes of so many zeros, without having them. */
function zeroBomb(zeros: number): Uint8Array {
  const bytes: number[] = []
  let [bits, bitCount, width, newest, written] = [0, 0, 9, 257, 0]
  const put = (code: number): void => {
    bits |= code << bitCount
    for (bitCount += width; bitCount >= 8; bitCount -= 8) {
      bytes.push(bits & 0xff)
      bits >>>= 8
    }
  }
  put(256)
  while (written < zeros) {
    put(newest === 257 ? 0 : newest)
    written += newest - 256
    if (++newest === 1 << width) width++
    if (newest < 4095) continue
    put(256)
    newest = 257
    width = 9
  }
  put(257)
  return Uint8Array.from([...bytes, bits & 0xff])
}

test('LZW bomb of 198 KB: work and memory end at the limit', () => {
  const bomb = zeroBomb(2 ** 28)
  assert(Math.abs(bomb.length - 198_106) < 10, `${bomb.length} bytes`)
  const before = process.memoryUsage().arrayBuffers
  const start = workMs()
  assert.deepEqual(decompress(bomb, 2 ** 20), { malformed: 'tooLarge' })
  assert(workMs() - start < SLACK_MS)
  assert(process.memoryUsage().arrayBuffers - before < 4 * 2 ** 20)
})
