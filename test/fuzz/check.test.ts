// SPDX-License-Identifier: Apache-2.0
/**
 * `metallb check` on files from hostile hands: whatever the bytes are, it ends with 0 or 1, within bounds of time, and
 * every format stays what it is. Through the function behind the command, so that nothing between bytes and text is
 * left out. Mutations are seeded: FUZZ_SEED and FUZZ_SECONDS repeat or prolong a run.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { check } from '../../src/programs/cli/check/main.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 2000
const SLACK_MS = 500

const directory = mkdtempSync(join(tmpdir(), 'metallb-fuzz-'))
after(() => rmSync(directory, { recursive: true }))

const OUTPUTS = ['text', 'json', 'sarif', 'github'] as const
const OPTIONS = {
  strict: false,
  namespace: 'metallb-system',
  lbClass: [],
  podNetwork: ['10.244.0.0/16'],
  serviceNetwork: ['10.96.0.0/12'],
}

type Output = (typeof OUTPUTS)[number]

async function checkBytes(bytes: Uint8Array, output: Output): Promise<{ text: string; status: number }> {
  const file = join(directory, 'a.yaml')
  writeFileSync(file, bytes)
  return await check([file], { ...OPTIONS, output })
}

/** What must hold of every answer. */
function judge(output: Output, { text, status }: { text: string; status: number }): void {
  assert(status === 0 || status === 1)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'no prototype is touched')
  assert.doesNotMatch(text, /\[object|\bat .*\.ts:\d+/)
  if (output === 'json' || output === 'sarif') {
    JSON.parse(text)
    return
  }
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, 'nothing acts on a terminal')
  if (output === 'github') assert.match(text, /^(?:::(?:error|warning) [^\n]*::[^\n]*\n)*$/)
  else assert.match(text, /(?:problems|errors?|warnings?) in \d+ objects?\n$/)
}

const CORPUS: readonly string[] = [
  'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    metallb.universe.tf/loadBalancerIPs: 192.0.2.9\nspec:\n  type: LoadBalancer\n  loadBalancerIP: 192.0.2.7\n  healthCheckNodePort: 30000\n  ipFamilies: [IPv4, IPv6]\n  loadBalancerSourceRanges: [10.0.0.0/8]\n  ports:\n  - {name: a, port: 80, targetPort: 8080, nodePort: 30080}\n  - {name: b, port: 443, targetPort: https}\n',
  'apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: a\nspec:\n  addresses:\n  - 192.0.2.0/24\n  - 10.0.0.0/8\n  - "2001:db8::/64"\n  serviceAllocation: {namespaceSelectors: [{matchLabels: {a: b}}]}\n---\napiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: l2}\nspec: {ipAddressPools: [a], nodeSelectors: [{matchLabels: {rack: "1"}}], preferredNodeSelectors: [{weight: 5, preference: {matchExpressions: [{key: k, operator: In, values: [v]}]}}]}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {rack: "2"}}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.1}]}\n',
  'apiVersion: metallb.io/v1beta1\nkind: BGPPeer\nmetadata:\n  name: peer\nspec:\n  myASN: 64500\n  peerASN: 64501\n  peerAddress: 10.0.0.1\n  bfdProfile: x\n  passwordSecret: {name: s}\n  nodeSelectors:\n  - matchLabels: &l {rack: "1"}\n---\napiVersion: metallb.io/v1beta1\nkind: BGPAdvertisement\nmetadata: {name: b}\nspec: {localPref: 7, communities: [gold], peers: [peer], ipAddressPoolSelectors: [{matchLabels: {a: b}}]}\n',
]
const PIECES = [
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '\n',
  '\n---\n',
  '&a ',
  '*a',
  '<<: ',
  '|\n',
  '\t',
  '\r',
  '\u0000',
  '\u001b[31m',
  '\u009b',
  '\u202e',
  '👍',
  '%',
  '::',
  ',',
  '-1',
  '1e999',
  '0x7fffffff',
  '~',
  '__proto__: {polluted: 1}\n',
  'null',
  '/33',
  '::1',
  'x'.repeat(70),
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

/** Mostly small changes: what stays valid gets furthest into the rules. */
function mutate(random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  let bytes = Buffer.from(CORPUS[below(CORPUS.length)] ?? '')
  for (let times = 1 + below(4); times > 0; times--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + below(random() < 0.2 ? bytes.length : 12))
    const piece = Buffer.from(PIECES[below(PIECES.length)] ?? '')
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const choices = [
      [head, piece, tail],
      [head, piece, middle, tail],
      [head, tail],
      [head, middle, middle, tail],
      [bytes, Buffer.from('\n---\n'), Buffer.from(CORPUS[below(CORPUS.length)] ?? '')],
    ]
    bytes = Buffer.concat(choices[below(choices.length)] ?? [])
  }
  return bytes
}

test(`mutated files, seed ${SEED}, ${SECONDS} s`, async (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  let run = 0
  for (; performance.now() < stopAt; run++) {
    const bytes = mutate(random)
    const output = OUTPUTS[run % OUTPUTS.length] ?? 'text'
    const start = workMs()
    try {
      judge(output, await checkBytes(bytes, output))
      const tookMs = workMs() - start
      assert(
        tookMs <= SLACK_MS + (bytes.length / 2 ** 20) * MS_PER_MB,
        `${bytes.length} bytes: ${Math.round(tookMs)} ms`,
      )
    } catch (thrown) {
      throw new Error(`seed ${SEED}, run ${run}, ${output}: ${JSON.stringify(bytes.toString('latin1'))}`, {
        cause: thrown,
      })
    }
  }
  context.diagnostic(`${run} inputs`)
  assert(run > 100, 'a fuzzer that hardly runs finds nothing')
})

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: LoadBalancer\n'
const SELECTING =
  'apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {k: v}}\n---\napiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: l}\nspec:\n  nodeSelectors:\n'
const many = (make: (index: number) => string): ((length: number) => string) => {
  return (length) => {
    let text = ''
    for (let index = 0; text.length < length; index++) text += make(index)
    return text
  }
}

/** What makes rules look at everything with everything, as text of about a given length. */
const LARGE: readonly (readonly [string, (length: number) => string])[] = [
  ['unknown fields', (length) => SERVICE + many((index) => `  loadBalancerI${index}: 1\n`)(length)],
  ['ports', (length) => `${SERVICE}  ports:\n${many(() => '  - {port: 80}\n')(length)}`],
  ['source ranges', (length) => `${SERVICE}  loadBalancerSourceRanges:\n${many(() => '  - x\n')(length)}`],
  ['selectors', (length) => SELECTING + many((index) => `  - {matchLabels: {k${index}: v}}\n`)(length)],
  [
    'annotations',
    (length) =>
      `apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  annotations:\n${many((index) => `    metallb.universe.tf/a${index}: b\n`)(length)}`,
  ],
  [
    'pools',
    many(
      (index) =>
        `---\napiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: p${index}}\nspec: {addresses: [10.0.0.0/8]}\n`,
    ),
  ],
  [
    'peers',
    many(
      (index) =>
        `---\napiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: p${index}}\nspec: {myASN: 1, peerASN: 2, peerAddress: 10.0.0.${index % 256}, peerPort: ${1 + (index >> 8)}}\n`,
    ),
  ],
  [
    'advertisements',
    many(
      (index) =>
        `---\napiVersion: metallb.io/v1beta1\nkind: BGPAdvertisement\nmetadata: {name: b${index}}\nspec: {peers: [x], ipAddressPools: [y]}\n`,
    ),
  ],
  [
    'Services for one address',
    many(
      (index) =>
        `---\napiVersion: v1\nkind: Service\nmetadata: {name: s${index}}\nspec: {type: LoadBalancer, loadBalancerIP: 10.0.0.1, ports: [{port: 80}]}\n`,
    ),
  ],
  [
    'one line',
    (length) =>
      `{"apiVersion":"v1","kind":"List","items":[${many(() => '{"apiVersion":"v1","kind":"Service","metadata":{}},')(length)}{}]}`,
  ],
]
for (const [name, make] of LARGE) {
  test(`half a MB of ${name} takes 1 s at most`, async () => {
    const bytes = Buffer.from(make(2 ** 19))
    const start = workMs()
    judge('text', await checkBytes(bytes, 'text'))
    const tookMs = workMs() - start
    assert(tookMs <= MS_PER_MB / 2 + SLACK_MS, `${Math.round(tookMs)} ms`)
  })
}
