// SPDX-License-Identifier: Apache-2.0
/**
 * Lists and watches of the API server from hostile hands: seeded mutations of good answers, cut anywhere. Scanner and
 * JSON.parse must agree, what comes out must be trimmed without harm, only a Fault may come out otherwise, and the work
 * stays in proportion. FUZZ_SEED and FUZZ_SECONDS repeat or prolong a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { LineScanner, ListScanner, parseItem } from '../../src/kube/json-items.ts'
import { ENDPOINT_SLICES, NODES, SECRETS, SERVICES } from '../../src/kube/resource.ts'
import { Trimmer } from '../../src/kube/trim.ts'
import { Fault } from '../../src/lib/fault.ts'
import { randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 2000
const SLACK_MS = 500

const item = (name: string): object => ({
  metadata: { name, namespace: 'default', resourceVersion: '7', labels: { 'kubernetes.io/service-name': 'wéb"\\' } },
  spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], selector: { app: 'x' } },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, conditions: [{ type: 'Ready', status: 'True' }] },
  endpoints: [{ nodeName: 'n1', conditions: { ready: true }, addresses: ['10.0.0.1'] }],
})
const CORPUS: readonly string[] = [
  JSON.stringify({
    kind: 'ServiceList',
    metadata: { resourceVersion: '9', continue: 'x' },
    items: [item('a'), item('b')],
  }),
  JSON.stringify({ items: [item('👍')], metadata: { resourceVersion: '9' } }, null, 1),
  JSON.stringify({ metadata: {}, items: null }),
  `${JSON.stringify({ type: 'ADDED', object: item('a') })}\n${JSON.stringify({ type: 'BOOKMARK', object: {} })}\n`,
]
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '\n',
  'null',
  '7',
  '"items":[',
  '"items"',
  '\\u0000',
  '{"__proto__":{}}',
  'é',
  '[[[[[[[[',
]
const TRIMMERS = [SERVICES, ENDPOINT_SLICES, NODES, SECRETS].map((resource) => new Trimmer(resource))

function mutated(random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  let bytes = Buffer.from(CORPUS[below(CORPUS.length)] ?? '')
  for (let times = below(4); times > 0; times--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + below(random() < 0.2 ? bytes.length : 6))
    const piece = Buffer.from((PIECES[below(PIECES.length)] ?? '').repeat(random() < 0.02 ? 2000 : 1))
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const choices = [
      [head, piece, tail],
      [head, piece, middle, tail],
      [head, tail],
      [head, middle, middle, tail],
    ]
    bytes = Buffer.concat(choices[below(choices.length)] ?? [])
  }
  return bytes
}

function inPieces(bytes: Buffer, random: () => number): Buffer[] {
  const pieces: Buffer[] = []
  const most = random() < 0.5 ? 4 : 200
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * most)
    pieces.push(Buffer.from(bytes.subarray(at, end)))
    at = end
  }
  return pieces
}

/** What was read; null where a Fault came out. */
function faultless<T>(read: () => T): T | null {
  try {
    return read()
  } catch (thrown) {
    assert(thrown instanceof Fault, String(thrown))
    return null
  }
}

function byJsonParse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (thrown) {
    assert(thrown instanceof SyntaxError)
    return undefined
  }
}

function judge(bytes: Buffer, pieces: readonly Buffer[]): void {
  const scanner = new ListScanner()
  const items = faultless(() => {
    const found = pieces.flatMap((piece) => scanner.feed(piece).map(parseItem))
    scanner.end()
    return found
  })
  if (items) {
    const whole = byJsonParse(bytes)
    assert(typeof whole === 'object' && whole !== null && 'items' in whole, 'what is taken for a list is one')
    assert(isDeepStrictEqual(whole.items ?? [], items), 'and has these items')
  }
  const lines = new LineScanner()
  const events = pieces.flatMap((piece) => lines.feed(piece)).flatMap((line) => faultless(() => parseItem(line)) ?? [])
  for (const object of [...(items ?? []), ...events]) {
    for (const trimmer of TRIMMERS) {
      const trimmed = trimmer.trim(object)
      if (trimmed) assert.equal(typeof trimmed.metadata.name, 'string')
    }
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
}

test(`mutated lists and watches, seed ${SEED}, ${SECONDS} s`, (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  let run = 0
  for (; performance.now() < stopAt; run++) {
    const bytes = mutated(random)
    const pieces = inPieces(bytes, random)
    const start = workMs()
    try {
      judge(bytes, pieces)
      const tookMs = workMs() - start
      assert(tookMs <= SLACK_MS + (bytes.length / 2 ** 20) * MS_PER_MB, `${bytes.length} bytes: ${tookMs} ms`)
    } catch (thrown) {
      throw new Error(`seed ${SEED}, run ${run}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: thrown })
    }
  }
  context.diagnostic(`${run} inputs`)
  assert(run > 1000, 'a fuzzer that hardly runs finds nothing')
})
