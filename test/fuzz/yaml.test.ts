// SPDX-License-Identifier: Apache-2.0
/**
 * Manifests from hostile hands: whatever the bytes are, reading them gives objects or problems, in bounded time and
 * nesting. Mutations are seeded: a failure names its seed and run, FUZZ_SEED and FUZZ_SECONDS repeat or prolong it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reading, readManifest, unreadableText } from '../../src/manifests/read.ts'
import { decodeText } from '../../src/manifests/text.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
/** Per MB of input, and for starting at all (a busy machine, compiling a schema). */
const MS_PER_MB = 2000
const SLACK_MS = 500

function read(bytes: Uint8Array, file: string): Reading {
  const decoded = decodeText(bytes)
  if (!decoded.ok) return unreadableText(decoded.text, decoded.flaw, file)
  const steps = readManifest(decoded.text, { file, namespace: 'metallb-system' })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** What must hold of every reading. */
function judge({ entries, problems, broken }: Reading): void {
  for (const { object, key, ref } of entries) {
    assert.equal(key, `${ref.kind}/${ref.namespace}/${ref.name}`)
    assert.doesNotMatch(ref.namespace + ref.name, /\/|^\.+$/, 'names become file names')
    if (object) JSON.stringify(object)
  }
  for (const { message, code, line, column, severity } of problems) {
    assert(message !== '' && code !== '' && (line ?? 0) >= 1 && (column ?? 0) >= 1, 'a problem says what and where')
    assert.doesNotMatch(message, /\n|\bat .*:\d+:\d+|undefined|\[object/, 'a problem is one sentence for people')
    assert(!broken || severity !== 'error' || problems.length > 0)
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'no prototype is touched')
}

const CORPUS: readonly string[] = [
  'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: {app: web}\nspec:\n  type: LoadBalancer\n  ports:\n  - port: 80\n    targetPort: 8080\n',
  '# pools\napiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: a\nspec:\n  addresses:\n  - 192.0.2.0/24\n  - "2001:db8::/64"\n  autoAssign: false\n---\napiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: l2}\nspec: {ipAddressPools: [a], interfaces: [eth0]}\n',
  'apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata:\n  name: peer\nspec:\n  myASN: 64500\n  peerASN: 64501\n  peerAddress: 10.0.0.1\n  holdTime: 90s\n  nodeSelectors:\n  - matchLabels: &l {rack: "1"}\n  - matchLabels: *l\n',
  '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}},{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"e","labels":{"kubernetes.io/service-name":"web"}},"endpoints":[{"addresses":["10.1.0.1"],"nodeName":"n1"}]}]}',
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  script: |\n    #!/bin/sh\n    echo "--- not a separator"\n  folded: >-\n    one\n    two\n  mode: 0755\n  asn: 64500:50\n',
  'base: &b {x: 1}\n__proto__: {polluted: 1}\nderived: {<<: *b, constructor: {prototype: {polluted: 1}}}\n',
  '%YAML 1.2\n---\n? complex\n: "esc \\u0041 \\x42"\n...\n--- !!map\na: !!str 1\n',
]
/** Pieces that mean something to a reader of YAML or JSON. */
const PIECES = [
  '- ',
  ': ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '&a ',
  '*a',
  '<<: ',
  '|\n',
  '>-\n',
  '"',
  "'",
  '\n---\n',
  '\n...\n',
  '#',
  '%',
  '!',
  '!!int ',
  '@',
  '`',
  '\t',
  '\r\n',
  '\\',
  '~',
  '\u0000',
  '\ufeff',
  '\u2028',
  '👍',
  '0x',
  '1e999',
  '-0',
  '__proto__: ',
  '"items":[',
  '  ',
]

/** mulberry32: small, seeded, good enough to choose mutations. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

function mutate(random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  const seed = (): Buffer => Buffer.from(CORPUS[below(CORPUS.length)] ?? '')
  let bytes = seed()
  for (let times = 1 + below(8); times > 0; times--) {
    const at = below(bytes.length + 1)
    const end = at + below(bytes.length - at + 1)
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const piece = Buffer.from((PIECES[below(PIECES.length)] ?? '').repeat(1 + below(random() < 0.1 ? 300 : 3)))
    const choices = [
      [head, piece, middle, tail],
      [head, tail],
      [head, middle, middle, tail],
      [head, Buffer.of(below(256)), middle.subarray(1), tail],
      [head, seed(), tail],
      [tail, middle, head],
    ]
    bytes = Buffer.concat(choices[below(choices.length)] ?? [])
  }
  return bytes
}

test(`mutated manifests, seed ${SEED}, ${SECONDS} s`, (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  let run = 0
  for (; performance.now() < stopAt; run++) {
    const bytes = mutate(random)
    const start = workMs()
    try {
      judge(read(bytes, run % 2 === 0 ? 'a.yaml' : 'a.json'))
      const tookMs = workMs() - start
      const allowedMs = SLACK_MS + (bytes.length / 2 ** 20) * MS_PER_MB
      assert(tookMs <= allowedMs, `${bytes.length} bytes took ${Math.round(tookMs)} ms`)
    } catch (thrown) {
      throw new Error(`seed ${SEED}, run ${run}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: thrown })
    }
  }
  context.diagnostic(`${run} inputs`)
  assert(run > 100, 'a fuzzer that hardly runs finds nothing')
})

for (const [index, seed] of CORPUS.entries()) {
  test(`manifest ${index} cut off at every byte`, () => {
    const bytes = Buffer.from(seed)
    for (let end = 0; end <= bytes.length; end++) judge(read(bytes.subarray(0, end), 'a.yaml'))
  })
}

// One short thing over and over: what takes a reader more than linear time or memory shows here.
const REPEATED = [
  '[',
  '{',
  '- ',
  '? ',
  '&a ',
  '*a ',
  '"',
  "'",
  '|\n',
  '%a\n',
  '---\n',
  '...\n',
  '\t',
  ': ',
  '!!a ',
  'a: ',
  'a: b\n',
  '] ',
  '} ',
  '[a],',
  '&a a: *a\n',
  '<<: {a: b}\n',
  '? [a]: b\n',
  'a: "b\n',
  '- &a x\n- *a\n',
  '- [a, b]\n',
  '\n',
  '\r',
  '{"items":[',
]
function timeToRead(piece: string, length: number): number {
  const bytes = Buffer.from(piece.repeat(Math.ceil(length / piece.length)))
  const start = workMs()
  judge(read(bytes, 'a.yaml'))
  return workMs() - start
}

for (const piece of REPEATED) {
  test(`reading takes time in proportion to the number of ${JSON.stringify(piece)}`, () => {
    timeToRead(piece, 8192)
    const [short, long] = [timeToRead(piece, 32_768), timeToRead(piece, 131_072)]
    // Four times the input: linear is 4, quadratic 16; garbage collection and neighbours add some.
    assert(long <= 10 * short + SLACK_MS, `${Math.round(short)} ms became ${Math.round(long)} ms`)
  })
}
