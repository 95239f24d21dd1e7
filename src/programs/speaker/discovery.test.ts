// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import { type KubeApi, KubeFault, type KubeFaultCode, type KubeRequest } from '../../kube/api.ts'
import { parseIp } from '../../lib/ip.ts'
import { createLog } from '../../lib/log.ts'
import { type Discovery, nodeDiscovery, podDiscovery } from './discovery.ts'

const OWN = { node: 'node-1', address: '192.0.2.1' }
const MINUTE_MS = 60_000

function node(name: string, ...addresses: readonly string[]) {
  return { name, addresses: addresses.flatMap((text) => parseIp(text) ?? []) }
}
const NODES = [
  node('node-1', '192.0.2.1', '2001:db8::1'),
  node('node-2', '192.0.2.2', '2001:db8::2'),
  node('node-3', '2001:db8::3', '192.0.2.3', '192.0.2.33'),
  node('node-4'),
]

function pod(nodeName: string, status: object): object {
  return { metadata: { name: `speaker-${nodeName}`, namespace: 'metallb-system' }, spec: { nodeName }, status }
}
const dual = (ip: string, other: string) => ({ phase: 'Running', podIP: ip, podIPs: [{ ip }, { ip: other }] })

type Answer = readonly unknown[] | KubeFaultCode | 'hangs' | 'is cut'

/** An API server that answers lists of Pods in turn, the last one for ever. */
class Pods implements KubeApi {
  readonly asked: KubeRequest[] = []
  readonly #answers: Answer[]

  constructor(answers: readonly Answer[]) {
    this.#answers = [...answers]
  }

  request(): Promise<never> {
    return assert.fail('lists are streamed')
  }

  async *stream(request: KubeRequest): AsyncGenerator<Buffer> {
    this.asked.push(request)
    const answer = (this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]) ?? []
    switch (answer) {
      case 'hangs':
        return await new Promise<never>(() => {})
      case 'is cut':
        return yield Buffer.from('{"items": [')
      default:
    }
    if (typeof answer === 'string') throw new KubeFault({ code: answer, status: 0, retryAfterMs: null }, answer)
    yield Buffer.from(JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: '7' }, items: answer }))
  }

  close(): void {}
}

function discover(answers: readonly Answer[], own = OWN) {
  const api = new Pods(answers)
  const clock = new SimClock()
  const lines: string[] = []
  const log = createLog('all', (line) => lines.push(JSON.parse(line).msg))
  const place = { namespace: 'metallb-system', labels: 'app=metallb,component=speaker' }
  const discovery = podDiscovery({ api, ...place, nodes: () => NODES, port: 7946, own, clock, log })
  return { api, clock, lines, discovery }
}

const found = async (discovery: Discovery) => (await discovery.peers()).map(({ address, port }) => `${address} ${port}`)

const RUNNING = [
  pod('node-1', dual('192.0.2.1', '2001:db8::1')),
  pod('node-2', dual('192.0.2.2', '2001:db8::2')),
  pod('node-3', { phase: 'Running', podIP: '192.0.2.3' }),
]

const LISTS: readonly [string, readonly unknown[], typeof OWN, readonly string[]][] = [
  ['all but ourselves', RUNNING, OWN, ['192.0.2.2 7946', '192.0.2.3 7946']],
  ['ours under another name', RUNNING, { ...OWN, node: 'other' }, ['192.0.2.2 7946', '192.0.2.3 7946']],
  ['nobody', [], OWN, []],
  ['those of our family', RUNNING, { ...OWN, address: '2001:db8::1' }, ['2001:db8::2 7946', '2001:db8::3 7946']],
  [
    'none that has ended',
    [pod('node-2', { phase: 'Failed', podIP: '192.0.2.2' }), pod('node-3', { phase: 'Succeeded', podIP: '192.0.2.3' })],
    OWN,
    [],
  ],
  ['one without address by its Node', [pod('node-3', { phase: 'Pending' })], OWN, ['192.0.2.3 7946']],
  ['one of a Node that is not known, not at all', [pod('node-9', { phase: 'Pending' })], OWN, []],
  ['one of two Pods at one address', [RUNNING[1], RUNNING[1]], OWN, ['192.0.2.2 7946']],
  [
    'what can be read of it',
    [
      'x',
      null,
      {},
      pod('node-3', { podIP: 7, podIPs: 'x' }),
      pod('node-2', { podIP: 'no', podIPs: [3, { ip: 'no' }] }),
    ],
    OWN,
    ['192.0.2.3 7946', '192.0.2.2 7946'],
  ],
]
for (const [name, items, own, expected] of LISTS) {
  test(`Pods: ${name}`, async () => {
    const { discovery, lines } = discover([items], own)
    assert.deepEqual(await found(discovery), expected)
    assert.deepEqual(lines, [])
  })
}

test('Pods are asked for by label in our namespace, at first and then every five minutes', async () => {
  const { api, clock, discovery } = discover([RUNNING, RUNNING.slice(0, 2)])
  await Promise.all([discovery.peers(), discovery.peers()])
  const [request] = api.asked
  assert.equal(request?.path, '/api/v1/namespaces/metallb-system/pods')
  assert.equal(request?.query?.['labelSelector'], 'app=metallb,component=speaker')
  await clock.advance(5 * MINUTE_MS - 1)
  assert.deepEqual(await found(discovery), ['192.0.2.2 7946', '192.0.2.3 7946'])
  assert.equal(api.asked.length, 1)
  await clock.advance(1)
  assert.deepEqual(await found(discovery), ['192.0.2.2 7946'])
  assert.equal(api.asked.length, 2)
})

const ALL_NODES = ['192.0.2.2 7946', '192.0.2.3 7946']
const FAILURES: readonly [KubeFaultCode | 'is cut', readonly string[]][] = [
  ['unavailable', ['the Pods of the speakers cannot be listed; the addresses of the Nodes are tried']],
  [
    'forbidden',
    [
      'the Pods of the speakers cannot be listed (the right to list pods is missing); the addresses of the Nodes are tried',
    ],
  ],
  ['invalid', ['the Pods of the speakers cannot be listed; the addresses of the Nodes are tried']],
  ['is cut', ['the Pods of the speakers cannot be listed; the addresses of the Nodes are tried']],
  ['aborted', []],
]
for (const [code, expected] of FAILURES) {
  test(`the Nodes where the answer of the API server is: ${code}; asked again after ten seconds, and said once`, async () => {
    const { api, clock, lines, discovery } = discover([code])
    assert.deepEqual(await found(discovery), ALL_NODES)
    await clock.advance(9999)
    assert.deepEqual(await found(discovery), ALL_NODES)
    assert.equal(api.asked.length, 1)
    await clock.advance(1)
    assert.deepEqual(await found(discovery), ALL_NODES)
    assert.equal(api.asked.length, 2)
    assert.deepEqual(lines, expected)
  })
}

test('after a success, those known before count while the API server is away, and what comes back is said', async () => {
  const { clock, lines, discovery } = discover([RUNNING.slice(0, 2), 'unavailable', 'timeout', RUNNING])
  assert.deepEqual(await found(discovery), ['192.0.2.2 7946'])
  await clock.advance(5 * MINUTE_MS)
  assert.deepEqual(await found(discovery), ['192.0.2.2 7946'])
  await clock.advance(10_000)
  assert.deepEqual(await found(discovery), ['192.0.2.2 7946'])
  await clock.advance(10_000)
  assert.deepEqual(await found(discovery), ALL_NODES)
  const line = 'the Pods of the speakers cannot be listed; those known before count'
  assert.deepEqual(lines, [line, line, 'the Pods of the speakers can be listed again'])
})

test('nobody waits longer than a second for an API server that hangs, and it is not asked twice', async () => {
  const { api, clock, discovery } = discover(['hangs'])
  let peers: readonly string[] | undefined
  const asked = found(discovery).then((all) => (peers = all))
  await clock.advance(999)
  assert.equal(peers, undefined)
  await clock.advance(1)
  await asked
  assert.deepEqual(peers, ALL_NODES)
  const again = found(discovery)
  await clock.advance(1000)
  assert.deepEqual(await again, ALL_NODES)
  assert.equal(api.asked.length, 1)
})

const BY_NODES: readonly [string, typeof OWN, readonly string[]][] = [
  ['all but our own', OWN, ALL_NODES],
  ['our own address under another name does not count', { ...OWN, node: 'other' }, ALL_NODES],
  ['of the family that we have', { ...OWN, address: '2001:db8::1' }, ['2001:db8::2 7946', '2001:db8::3 7946']],
]
for (const [name, own, expected] of BY_NODES) {
  test(`Nodes: ${name}`, async () => {
    assert.deepEqual(await found(nodeDiscovery({ nodes: () => NODES, port: 7946, own })), expected)
  })
}
