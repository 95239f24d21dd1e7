// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideL2Status, type L2Answer, type L2Status, type L2Step, l2StatusBody, readL2Status } from './l2-status.ts'

const ALL: L2Answer = { interfaces: null }
const ETH: L2Answer = { interfaces: ['eth0', 'eth1'] }
const mine = (name: string, status: L2Answer | null = ALL): L2Status => ({ name, node: 'me', status })
const yours = (name: string): L2Status => ({ name, node: 'you', status: ALL })
const gone = (name: string): L2Step => ({ type: 'delete', name })
const write = (name: string, answer: L2Answer): L2Step => ({ type: 'write', name, answer })

const ROWS: [string, L2Answer | null, readonly L2Status[], readonly L2Step[]][] = [
  ['answers, and nothing is there', ALL, [], [{ type: 'create' }]],
  ['answers, and it is there', ALL, [mine('a')], []],
  ['answers, and it is there without its status', ALL, [mine('a', null)], [write('a', ALL)]],
  ['answers, and its interfaces are others', ETH, [mine('a')], [write('a', ETH)]],
  ['answers, and its interfaces are open now', ALL, [mine('a', ETH)], [write('a', ALL)]],
  ['answers, and the order of interfaces is another', ETH, [mine('a', { interfaces: ['eth1', 'eth0'] })], []],
  ['answers, and there are two', ALL, [mine('b'), mine('a')], [gone('b')]],
  ['answers, and one of two is complete', ALL, [mine('a', null), mine('b')], [gone('a')]],
  ['answers, and another node’s is there', ALL, [yours('y')], [{ type: 'create' }, gone('y')]],
  ['answers, and both are there', ALL, [yours('y'), mine('a')], [gone('y')]],
  ['does not answer, and nothing is there', null, [], []],
  ['does not answer, and its own are there', null, [mine('a'), mine('b', null)], [gone('a'), gone('b')]],
  ['does not answer, and another node’s is there', null, [yours('y')], []],
  ['does not answer, and both are there', null, [yours('y'), mine('a')], [gone('a')]],
]
for (const [name, answer, known, steps] of ROWS) {
  test(`this node ${name}`, () => {
    assert.deepEqual(decideL2Status(answer, { node: 'me', known }), steps)
  })
}

const LABELS = {
  'metallb.io/node': 'me',
  'metallb.io/service-name': 'web',
  'metallb.io/service-namespace': 'shop',
}
const read = (labels: Readonly<Record<string, string>>, status?: unknown) =>
  readL2Status({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: { name: 'l2-x', namespace: 'metallb-system', labels, annotations: {} },
    ...(status === undefined ? {} : { status }),
  })

for (const answer of [ALL, ETH]) {
  test(`what is written is read again: interfaces ${answer.interfaces?.join(' and ') ?? 'all'}`, () => {
    const body = l2StatusBody('shop/web', { node: 'me', answer })
    assert.deepEqual(read(LABELS, body), { service: 'shop/web', status: { name: 'l2-x', node: 'me', status: answer } })
  })
}

test('interfaces without a name are like none of ours', () => {
  const interfaces: unknown = JSON.parse('[{"name":{"toString":null}},{},null,7]')
  assert.deepEqual(read(LABELS, { node: 'me', interfaces })?.status.status, { interfaces: ['', '', '', ''] })
})

test('one without its status is incomplete', () => {
  assert.deepEqual(read(LABELS)?.status.status, null)
  assert.deepEqual(read(LABELS, {})?.status.status, null)
})

for (const label of Object.keys(LABELS)) {
  test(`one without the label ${label} is nobody’s`, () => {
    assert.equal(read(Object.fromEntries(Object.entries(LABELS).filter(([key]) => key !== label))), null)
  })
}
