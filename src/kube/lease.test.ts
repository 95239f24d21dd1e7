// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../test/sim/clock.ts'
import { refused, ScriptedApi } from '../../test/sim/scripted-api.ts'
import { systemClock } from '../lib/clock.ts'
import { type KubeApi, KubeFault, type KubeRequest } from './api.ts'
import { Lease } from './lease.ts'

const MAX_INT32 = 2_147_483_647

/** What somebody left in the Lease by hand, as far as an API server takes it. */
const SPECS: readonly (readonly [name: string, spec: unknown, transitions: number])[] = [
  ['nothing at all', {}, 1],
  ['no spec', undefined, 1],
  ['a duration of nobody', { leaseDurationSeconds: MAX_INT32, leaseTransitions: 3 }, 4],
  ['as many transitions as there can be', { leaseTransitions: MAX_INT32 }, MAX_INT32],
]
for (const [name, spec, transitions] of SPECS) {
  test(`a Lease that was edited is taken all the same: ${name}`, async () => {
    const sent: KubeRequest[] = []
    const led = Promise.withResolvers<void>()
    const api: KubeApi = {
      request: async (request) => {
        sent.push(request)
        if (request.method === 'GET') return { metadata: { resourceVersion: '7' }, spec }
        return { metadata: { resourceVersion: String(7 + sent.length) }, ...Object(request.body), kind: 'Lease' }
      },
      // oxlint-disable-next-line require-yield
      async *stream() {
        throw new KubeFault({ code: 'unavailable', status: 0, retryAfterMs: null }, 'no watch')
      },
      close: () => {},
    }
    const lease = new Lease({
      api,
      namespace: 'metallb-system',
      name: 'metallb-controller',
      identity: 'me',
      clock: systemClock,
      bootMs: () => systemClock.monotonicMs(),
      random: () => 0,
      onLead: led.resolve,
      onFollow: () => {},
      onFault: () => {},
    })
    lease.start()
    await led.promise
    assert.ok(lease.mayWrite())
    const written = sent.find(({ method }) => method === 'PUT')
    const { leaseTransitions, holderIdentity } = Object(Object(written?.body).spec)
    assert.deepEqual({ leaseTransitions, holderIdentity }, { leaseTransitions: transitions, holderIdentity: 'me' })
    await lease.stop()
  })
}

test('an API server that answers nobody is asked for the Lease once a second at most', async () => {
  for (const random of [0, 0.2, 0.5, 0.8, 0.999]) {
    const clock = new SimClock()
    const api = new ScriptedApi()
    api.answers.push(...Array.from({ length: 1000 }, () => refused('unavailable')))
    const lease = new Lease({
      api,
      namespace: 'metallb-system',
      name: 'metallb-controller',
      identity: 'me',
      clock,
      bootMs: () => clock.monotonicMs(),
      random: () => random,
      onLead: () => assert.fail('nobody gave it'),
      onFollow: () => {},
      onFault: () => {},
    })
    lease.start()
    await clock.advance(300_000)
    const asked = api.requests.length
    assert.ok(asked <= 301 && asked >= 140, `${asked} requests in 300 s, with ${random}`)
    await lease.stop()
  }
})
