// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeApi, KubeFault, type KubeRequest } from '../../kube/api.ts'
import type { Clock } from '../../lib/clock.ts'
import { Gatekeeper } from './gatekeeper.ts'

/** An API server that knows tokens `user-may` and `user-may-not`, a clock to turn, and what was asked. */
function world() {
  const state = { nowMs: 0, asked: [] as KubeRequest[], down: false, hold: Promise.resolve() }
  const clock: Clock = {
    monotonicMs: () => state.nowMs,
    wallMs: () => 0,
    after: () => assert.fail('a gatekeeper sets no timers'),
  }
  const api: KubeApi = {
    request: async (request) => {
      state.asked.push(request)
      await state.hold
      if (state.down) throw new KubeFault({ code: 'unavailable', status: 0, retryAfterMs: null }, 'away')
      const body = JSON.stringify(request.body)
      if (!request.path.endsWith('tokenreviews')) {
        const discovers = body.includes('"path":"/api/')
        return { status: { allowed: discovers || body.includes('"user":"may"') } }
      }
      const [, username] = /"token":"user-([a-z-]+)"/.exec(body) ?? []
      return { status: { authenticated: username !== undefined, user: { username } } }
    },
    stream: () => assert.fail('a review is one request'),
    close: () => {},
  }
  return { state, gatekeeper: new Gatekeeper(api, clock) }
}

const HEADERS: [string, string | undefined, string, number][] = [
  ['a token that may', 'Bearer user-may', 'allowed', 2],
  ['the scheme in other letters', 'bearer  user-may', 'allowed', 2],
  ['a token that may not', 'Bearer user-may-not', 'forbidden', 2],
  ['an unknown token', 'Bearer nobody', 'unauthorized', 1],
  ['no header', undefined, 'unauthorized', 0],
  ['an empty header', '', 'unauthorized', 0],
  ['another scheme', 'Basic user-may', 'unauthorized', 0],
  ['two words', 'Bearer user-may user-may', 'unauthorized', 0],
]
for (const [name, header, decision, requests] of HEADERS) {
  test(`${name}: ${decision}`, async () => {
    const { state, gatekeeper } = world()
    assert.equal(await gatekeeper.admit(header, '/metrics'), decision)
    assert.equal(state.asked.length, requests)
  })
}

test('documents need the right to metrics, as everybody may get /api/*', async () => {
  const { gatekeeper } = world()
  assert.equal(await gatekeeper.admit('Bearer user-may', '/api/v1/state'), 'allowed')
  assert.equal(await gatekeeper.admit('Bearer user-may-not', '/api/v1/state'), 'forbidden')
})

test('a decision counts for 10 s, for its token and its path', async () => {
  const { state, gatekeeper } = world()
  const admit = async (token: string, path = '/metrics') => {
    const before = state.asked.length
    await gatekeeper.admit(`Bearer ${token}`, path)
    return state.asked.length - before
  }
  assert.equal(await admit('user-may'), 2)
  assert.equal(await admit('user-may'), 0)
  assert.equal(await admit('user-may', '/api/v1/state'), 3)
  assert.equal(await admit('nobody'), 1)
  assert.equal(await admit('nobody'), 0, 'a refusal counts, too')
  state.nowMs = 9999
  assert.equal(await admit('user-may'), 0)
  state.nowMs = 10_000
  assert.equal(await admit('user-may'), 2)
})

test('requests of one token at one time are reviewed once', async () => {
  const { state, gatekeeper } = world()
  const decisions = await Promise.all([1, 2, 3].map(() => gatekeeper.admit('Bearer user-may', '/metrics')))
  assert.deepEqual(decisions, ['allowed', 'allowed', 'allowed'])
  assert.equal(state.asked.length, 2)
})

test('no answer is thrown, and is no decision', async () => {
  const { state, gatekeeper } = world()
  state.down = true
  await assert.rejects(gatekeeper.admit('Bearer user-may', '/metrics'), KubeFault)
  state.down = false
  assert.equal(await gatekeeper.admit('Bearer user-may', '/metrics'), 'allowed')
})

test('a flood of made-up tokens is bounded: 16 under way, 256 remembered', async () => {
  const { state, gatekeeper } = world()
  const held = Promise.withResolvers<void>()
  state.hold = held.promise
  const flood = Promise.all(Array.from({ length: 40 }, (_, i) => gatekeeper.admit(`Bearer made-up-${i}`, '/metrics')))
  held.resolve()
  const decisions = await flood
  assert.equal(decisions.filter((decision) => decision === 'busy').length, 24)
  assert.equal(state.asked.length, 16)
  await gatekeeper.admit('Bearer user-may', '/metrics')
  for (let i = 0; i < 256; i++) await gatekeeper.admit(`Bearer other-${i}`, '/metrics')
  const before = state.asked.length
  await gatekeeper.admit('Bearer user-may', '/metrics')
  assert.equal(state.asked.length - before, 2, 'the oldest decision was forgotten')
})
