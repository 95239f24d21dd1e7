// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BGP_STATUS, type BgpAnswer } from './bgp-status.ts'
import { L2_STATUS, type L2Answer } from './l2-status.ts'
import { decideStatus, readStatus, type ServiceStatus, type StatusStep, statusBody } from './service-status.ts'

const ALL: L2Answer = { interfaces: null }
const ETH: L2Answer = { interfaces: ['eth0', 'eth1'] }
const mine = (name: string, status: L2Answer | null = ALL) => ({ name, node: 'me', status })
const yours = (name: string) => ({ name, node: 'you', status: ALL })
const gone = (name: string): StatusStep<never> => ({ type: 'delete', name })
const write = (name: string, answer: L2Answer): StatusStep<L2Answer> => ({ type: 'write', name, answer })

const ROWS: [string, L2Answer | null, readonly ServiceStatus<L2Answer>[], readonly StatusStep<L2Answer>[]][] = [
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
    assert.deepEqual(decideStatus(answer, { form: L2_STATUS, node: 'me', known }), steps)
  })
}

const PEERS: BgpAnswer = { peers: ['tor-a', 'tor-b'] }
const SAYS: [string, BgpAnswer, readonly StatusStep<BgpAnswer>[]][] = [
  ['the same peers', PEERS, []],
  ['one peer less', { peers: ['tor-a'] }, [{ type: 'write', name: 'a', answer: PEERS }]],
  ['another peer', { peers: ['tor-a', 'tor-c'] }, [{ type: 'write', name: 'a', answer: PEERS }]],
  ['peers that are not sorted', { peers: ['tor-b', 'tor-a'] }, [{ type: 'write', name: 'a', answer: PEERS }]],
]
for (const [name, status, steps] of SAYS) {
  test(`routes go to two peers, and the object names ${name}`, () => {
    const known = [{ name: 'a', node: 'me', status }]
    assert.deepEqual(decideStatus(PEERS, { form: BGP_STATUS, node: 'me', known }), steps)
  })
}

const LABELS = {
  'metallb.io/node': 'me',
  'metallb.io/service-name': 'web',
  'metallb.io/service-namespace': 'shop',
}
const objectOf = (labels: Readonly<Record<string, string>>, status?: unknown) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'Service…Status',
  metadata: { name: 'x', namespace: 'metallb-system', labels, annotations: {} },
  ...(status === undefined ? {} : { status }),
})
const stored = (body: object): unknown => JSON.parse(JSON.stringify(body))

for (const answer of [ALL, ETH]) {
  test(`what is written is read again: interfaces ${answer.interfaces?.join(' and ') ?? 'all'}`, () => {
    const body = statusBody(L2_STATUS, 'shop/web', { node: 'me', answer })
    const expected = { service: 'shop/web', status: { name: 'x', node: 'me', status: answer } }
    assert.deepEqual(readStatus(L2_STATUS, objectOf(LABELS, stored(body))), expected)
  })
}

test('what is written is read again: peers', () => {
  const body = statusBody(BGP_STATUS, 'shop/web', { node: 'me', answer: PEERS })
  assert.deepEqual(body, { node: 'me', serviceName: 'web', serviceNamespace: 'shop', peers: ['tor-a', 'tor-b'] })
  const expected = { service: 'shop/web', status: { name: 'x', node: 'me', status: PEERS } }
  assert.deepEqual(readStatus(BGP_STATUS, objectOf(LABELS, stored(body))), expected)
})

test('one without its status is incomplete', () => {
  for (const form of [L2_STATUS, BGP_STATUS]) {
    assert.equal(readStatus<unknown>(form, objectOf(LABELS))?.status.status, null)
    assert.equal(readStatus<unknown>(form, objectOf(LABELS, {}))?.status.status, null)
  }
})

for (const label of Object.keys(LABELS)) {
  test(`one without the label ${label} is nobody’s`, () => {
    const rest = Object.fromEntries(Object.entries(LABELS).filter(([key]) => key !== label))
    assert.equal(readStatus(L2_STATUS, objectOf(rest)), null)
  })
}

test('what is no name is like none of ours', () => {
  const odd: unknown = JSON.parse('[{"name":{"toString":null}},{},null,7]')
  const l2 = readStatus(L2_STATUS, objectOf(LABELS, { node: 'me', interfaces: odd }))
  assert.deepEqual(l2?.status.status, { interfaces: ['', '', '', ''] })
  const bgp = readStatus(BGP_STATUS, objectOf(LABELS, { node: 'me', peers: odd }))
  assert.deepEqual(bgp?.status.status, { peers: ['', '', '', ''] })
  const none = readStatus(BGP_STATUS, objectOf(LABELS, { node: 'me', peers: 'tor' }))
  assert.deepEqual(none?.status.status, { peers: [] })
})
