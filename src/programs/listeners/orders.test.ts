// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import { orderLocal } from './ask-local.ts'
import { openLocalSocket } from './local-socket.ts'
import { debugBgpRequest, type Orders, obey } from './orders.ts'
import { locally } from './reading.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-orders-'))
after(() => rmSync(scratch, { recursive: true }))

/** Knows fe80::1%eth0 as two peers, and writes down what it is told. */
function recording(): Orders & Readonly<{ told: [string, boolean][] }> {
  const told: [string, boolean][] = []
  const debugBgp = (neighbour: string, on: boolean) => {
    told.push([neighbour, on])
    return neighbour === 'fe80::1%eth0' ? ['tor-a', 'tor-b'] : []
  }
  return { told, debugBgp }
}

const PATH = '/api/v1/debug/bgp/neighbor/'
const CASES: readonly (readonly [string, string, string, number | null, readonly [string, boolean][]])[] = [
  ['on', 'POST', `${PATH}fe80%3A%3A1%25eth0`, 200, [['fe80::1%eth0', true]]],
  ['off', 'DELETE', `${PATH}fe80::1%25eth0`, 200, [['fe80::1%eth0', false]]],
  ['a peer that there is not', 'POST', `${PATH}10.0.0.9`, 404, [['10.0.0.9', true]]],
  ['no peer', 'POST', PATH, 404, []],
  ['text that is none', 'POST', `${PATH}%ff`, 404, []],
  ['another method', 'PUT', `${PATH}10.0.0.9`, null, []],
  ['another name of a method that objects have', 'constructor', `${PATH}10.0.0.9`, null, []],
  ['another path', 'POST', '/api/v1/peers', null, []],
]
for (const [name, method, path, status, told] of CASES) {
  test(`an order: ${name}`, () => {
    const orders = recording()
    assert.equal(obey(orders, method, path)?.status ?? null, status)
    assert.deepEqual(orders.told, told)
  })
}

test('nobody obeys before the program has what it needs', () => {
  assert.equal(obey(null, 'POST', `${PATH}10.0.0.1`), null)
})

test('over the local socket, and back to the asker in words', async () => {
  const orders = recording()
  const place = { program: `test-${process.pid}`, directory: { usable: true, path: scratch } as const }
  const readable = { metrics: new Metrics(), documents: () => null }
  const socket = await openLocalSocket({ ...place, orders: () => orders }, locally(readable), createLog('none'))
  const daemon = { program: place.program, runDirectory: scratch }
  const said = await orderLocal(daemon, debugBgpRequest('fe80::1%eth0', true))
  assert.equal(said, 'messages of BGP peer tor-a, tor-b are in the log from now on')
  await assert.rejects(orderLocal(daemon, debugBgpRequest('x\ny', false)), /there is no BGP peer "x\\ny" on this node/)
  await assert.rejects(orderLocal(daemon, { method: 'POST', path: '/api/v1/state' }), /this is read-only: GET or HEAD/)
  assert.deepEqual(orders.told, [
    ['fe80::1%eth0', true],
    ['x\ny', false],
  ])
  await socket?.close()
})
