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
import { copyEnvironment } from '../../src/programs/cli/exit.ts'
import { DENSE } from './dense.ts'
import { mutate, randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 2000
const SLACK_MS = 500

// As the command does first.
copyEnvironment()

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
  test(`half a MB of ${name} takes ${MS_PER_MB / 2 + SLACK_MS} ms of work at most, ${SLACK_MS} of them for the start`, async () => {
    const bytes = Buffer.from(make(2 ** 19))
    const start = workMs()
    judge('text', await checkBytes(bytes, 'text'))
    const tookMs = workMs() - start
    assert(tookMs <= MS_PER_MB / 2 + SLACK_MS, `${Math.round(tookMs)} ms`)
  })
}

for (const [name, make] of DENSE) {
  test(`a MB of ${name} takes ${MS_PER_MB} ms of work at most`, async () => {
    const bytes = Buffer.from(make(2 ** 20))
    const start = workMs()
    judge('text', await checkBytes(bytes, 'text'))
    const tookMs = workMs() - start
    assert(tookMs <= MS_PER_MB, `${Math.round(tookMs)} ms`)
  })
}
