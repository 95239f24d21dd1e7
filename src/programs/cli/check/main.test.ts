// SPDX-License-Identifier: Apache-2.0
/** Files in, text and exit status out: what stands in several files together, and the real command. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../../lib/fault.ts'
import { type CheckOptions, check } from './main.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const OPTIONS: CheckOptions = {
  output: 'text',
  strict: false,
  namespace: 'metallb-system',
  lbClass: [],
  podNetwork: [],
  serviceNetwork: [],
}

async function within<T>(text: string, look: (file: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-check-'))
  const file = join(directory, 'a.yaml')
  try {
    writeFileSync(file, text)
    return await look(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function metallb(kind: string, name: string, spec: string): string {
  const version = kind === 'BGPPeer' ? 'v1beta2' : 'v1beta1'
  return `apiVersion: metallb.io/${version}\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: ${spec}\n---\n`
}

const POOL = metallb('IPAddressPool', 'lan', '{addresses: [192.0.2.0/24]}')
const PEER = metallb('BGPPeer', 'tor', '{myASN: 64500, peerASN: 64501, peerAddress: 198.51.100.1, bfdProfile: fast}')
const TO_PEER = metallb('BGPAdvertisement', 'b', '{communities: [gold]}')
const SECRET = metallb(
  'BGPPeer',
  'tor',
  '{myASN: 64500, peerASN: 64501, peerAddress: 198.51.100.1, passwordSecret: {name: bgp}}',
)

/** Name, file, expected `line:column severity code` in order. */
const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ['nothing', '', ['0:0 warning nothingFound']],
  ['a pool alone', POOL, ['4:3 warning unadvertisedPool']],
  [
    'what another file may bring is a warning: profile and alias',
    POOL + PEER + TO_PEER,
    ['11:65 warning unknownBfdProfile', '17:22 warning unknownCommunity'],
  ],
  ['and a Secret', POOL + SECRET + metallb('BGPAdvertisement', 'b', '{}'), ['11:82 warning unknownSecret']],
  [
    'a pool in error is not missing, nor is it unadvertised',
    metallb('IPAddressPool', 'lan', '{addresses: 7}') + metallb('L2Advertisement', 'l', '{ipAddressPools: [lan]}'),
    ['5:8 error schema'],
  ],
  [
    'an advertisement in error may be for the pool',
    POOL + metallb('L2Advertisement', 'l', '{ipAddressPools: 7}'),
    ['11:8 error schema'],
  ],
  [
    'rules of the model and rules of check, all at once',
    metallb('IPAddressPool', 'lan', '{addresses: [192.0.2.9]}') + PEER,
    [
      '4:3 warning unadvertisedPool',
      '5:20 error invalidAddress',
      '10:3 warning unusedPeer',
      '11:65 warning unknownBfdProfile',
    ],
  ],
  [
    'a forgotten ---',
    POOL.replace('---\n', '') + metallb('L2Advertisement', 'l', '{}'),
    ['6:1 warning duplicateKey', '9:3 warning advertisesNoPool'],
  ],
  [
    'a Service with a broken field',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: Foo}\n',
    ['4:8 error schema'],
  ],
  ['a kind of before', metallb('AddressPool', 'lan', '{protocol: layer2}'), ['2:1 error unknownKind']],
  ['no YAML', 'a: [', ['1:5 error notYaml']],
  ['nothing at all', '# to be written\n---\n', ['0:0 warning nothingFound']],
  ['nothing of ours', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n', []],
]
for (const [name, text, expected] of CASES) {
  test(name, () =>
    within(text, async (file) => {
      const { text: json, status } = await check([file], { ...OPTIONS, output: 'json' })
      const { problems }: { problems: Record<string, string>[] } = JSON.parse(json)
      const found = problems.map(({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`)
      assert.deepEqual(found, expected)
      assert.equal(status, expected.some((row) => row.includes('error')) ? 1 : 0)
      const strict = await check([file], { ...OPTIONS, strict: true })
      assert.equal(strict.status, expected.length > 0 ? 1 : 0)
    }),
  )
}

test('a network that is no prefix is a Fault that says what to write', async () => {
  await assert.rejects(check([join(ROOT, 'examples')], { ...OPTIONS, podNetwork: ['10.244'] }), (thrown) => {
    return thrown instanceof Fault && /--pod-network "10\.244" is no prefix; write one/.test(thrown.message)
  })
})

test('more problems of one sort than help are counted', () =>
  within(metallb('IPAddressPool', 'lan', `{addresses: [${'x,'.repeat(150)}]}`), async (file) => {
    const { text } = await check([file], OPTIONS)
    assert.equal(text.match(/\[invalidAddress\]/g)?.length, 100)
    assert.match(text, /\(and 50 more of this sort in this object\)/)
  }))

function run(args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(ROOT, 'bin/metallb'), ['check', ...args], { cwd: ROOT, encoding: 'utf8', input })
}

for (const name of ['basics', 'basics-bgp', 'basics-health', 'basics-ingress', 'basics-interface']) {
  test(`examples/${name} is clean`, () => {
    const { status, stdout } = run(['--strict', `examples/${name}`])
    assert.match(stdout, /^no problems in \d+ objects?\n$/)
    assert.equal(status, 0)
  })
}

/** Name, arguments, stdin, exit status, what stdout or stderr says. */
const COMMANDS: readonly (readonly [string, readonly string[], string, number, RegExp])[] = [
  ['an error', ['-'], 'a: [', 1, /^-:1:5: error: .*\[notYaml\]\n {2}1 \| a: \[\n/],
  ['a warning', ['-'], POOL, 0, /^-:4:3: warning: .*\n1 warning in 1 object\n$/s],
  ['a warning with --strict', ['--strict', '-'], POOL, 1, /1 warning/],
  ['a format', ['-o', 'github', '-'], POOL, 0, /^::warning file=-,line=4,col=3,title=unadvertisedPool::/],
  ['a network', ['--pod-network', '192.0.2.0/28', '-'], POOL, 0, /\[poolOverlapsNetwork\]/],
  [
    'a namespace',
    ['--namespace', 'lb', '-'],
    POOL.replace('lan', 'lan\n  namespace: metallb-system'),
    1,
    /wrongNamespace/,
  ],
  ['no path', [], '', 2, /missing required argument 'path'/],
  [
    'a path that does not exist',
    ['no/such/path'],
    '',
    2,
    /^metallb check: cannot read no\/such\/path: it does not exist\n$/,
  ],
  ['a format that does not exist', ['-o', 'xml', '-'], '', 2, /Allowed choices are text, json, sarif, github/],
  ['a flag that does not exist', ['--fast', '-'], '', 2, /unknown option '--fast'/],
  ['a network that is none', ['--pod-network', 'x', '-'], '', 2, /--pod-network "x" is no prefix/],
  ['help', ['--help'], '', 0, /^Usage: metallb check/],
]
for (const [name, args, input, status, said] of COMMANDS) {
  test(`the command: ${name}`, () => {
    const result = run(args, input)
    assert.match(status === 2 ? result.stderr : result.stdout, said)
    assert.equal(status === 2 ? result.stdout : result.stderr, '')
    assert.equal(result.status, status)
  })
}
