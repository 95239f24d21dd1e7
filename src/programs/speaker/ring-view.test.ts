// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GateKey, gateKey } from '../../plan/gate.ts'
import { decodeMetadata, encodeMetadata, type Metadata, passes } from './ring-metadata.ts'
import { gateStates, type RingMember, ringView } from './ring-view.ts'

const member = (name: string, fields: Partial<Metadata> = {}): RingMember => ({
  name,
  metadata: {
    announces: true,
    version: '',
    watchPort: 0,
    gates: { passed: 'only', listed: new Set() },
    lacking: new Set(),
    macs: [],
    ...fields,
  },
})
const passing = (name: string, ...listed: GateKey[]) =>
  member(name, { gates: { passed: 'only', listed: new Set(listed) } })
const failingOnly = (name: string, ...listed: GateKey[]) =>
  member(name, { gates: { passed: 'all but', listed: new Set(listed) } })
const foreign = (name: string): RingMember => ({ name, metadata: null })

test('a member that is still starting does not count; one without metadata does', () => {
  const { speakers } = ringView([member('a'), member('b', { announces: false }), foreign('c')])
  assert.deepEqual([...speakers], ['a', 'c'])
})

test('a member lacks what it says, and nothing else', () => {
  const { interfaces } = ringView([member('a', { lacking: new Set(['eth1']) }), member('b'), foreign('c')])
  assert.deepEqual([...interfaces.keys()], ['a'])
  assert.equal(interfaces.get('a')?.has('eth1'), false)
  assert.equal(interfaces.get('a')?.has('eth0'), true)
})

const GATES: [string, readonly RingMember[], readonly string[] | null][] = [
  ['all pass', [passing('a', '80/'), passing('b', '80/')], []],
  ['one fails', [passing('a', '80/'), passing('b')], ['b']],
  ['all fail, or it never worked: nobody is passed over', [passing('a'), passing('b')], null],
  ['one that tells what fails', [failingOnly('a', '80/'), failingOnly('b')], ['a']],
  ['a stranger is taken to pass', [passing('a'), passing('b', '80/'), foreign('c')], ['a']],
  ['a stranger alone shows nothing', [passing('a'), foreign('c')], null],
  ['other gates do not count', [passing('a', '81/'), passing('b')], null],
  ['the path counts', [passing('a', '80/healthz'), passing('b')], null],
  ['one that is starting does not count', [passing('a'), member('b', { announces: false })], null],
  ['nobody', [], null],
]
for (const [name, members, expected] of GATES) {
  test(`gate: ${name}`, () => {
    const { failing, isPassed } = ringView(members)
    assert.deepEqual(failing.get('80/') && [...(failing.get('80/') ?? [])], expected?.length ? expected : undefined)
    assert.equal(isPassed('80/'), expected !== null)
  })
}

const of = (...members: RingMember[]) => ringView(members).fingerprint

test('the fingerprint tells what decides, and nothing else', () => {
  const base = of(passing('a', '80/'), member('b'))
  assert.equal(of(member('b', { macs: ['02:00:00:00:00:01'], version: '9' }), passing('a', '80/')), base)
  assert.notEqual(of(passing('a', '80/')), base)
  assert.notEqual(of(passing('a', '80/', '81/'), member('b')), base)
  assert.notEqual(of(failingOnly('a', '80/'), member('b')), base)
  assert.equal(of(passing('a', '81/', '80/'), member('b')), of(passing('a', '80/', '81/'), member('b')))
  assert.notEqual(of(passing('a', '80/'), passing('b', '80/')), base)
  assert.notEqual(of(passing('a', '80/'), member('b', { lacking: new Set(['eth1']) })), base)
  assert.notEqual(of(passing('a', '80/'), member('b', { announces: false })), base)
})

for (const [passed, failed, form] of [
  [0, 0, 'only'],
  [100, 0, 'only'],
  [101, 0, 'all but'],
  [101, 200, 'only'],
  [500, 3, 'all but'],
  [500, 140, 'all but'],
  [500, 141, 'only'],
] as const) {
  test(`${passed} gates passed and ${failed} failed are told as "${form}"`, () => {
    const all = Array.from({ length: passed + failed }, (_, at) => ({
      gate: gateKey({ port: 1 + at, path: '/' }),
      passing: at < passed,
    }))
    const states = gateStates(all)
    assert.equal(states.passed, form)
    for (const each of all) assert.equal(passes(states, each.gate), each.passing)
  })
}

for (const failed of [140, 150, 300, 499]) {
  test(`${failed} of 1000 gates fail: none of them is told as passed, whatever has to be left out`, () => {
    const all = Array.from({ length: 1000 }, (_, at) => ({
      gate: gateKey({ port: 10_000 + at, path: '/' }),
      passing: at >= failed,
    }))
    const { metadata } = member('a', { gates: gateStates(all), version: 'v'.repeat(64), watchPort: 7947 })
    const told = metadata && decodeMetadata(encodeMetadata(metadata))
    assert.ok(told)
    assert.deepEqual(
      all.filter(({ gate, passing: isPassing }) => !isPassing && passes(told.gates, gate)),
      [],
    )
  })
}
