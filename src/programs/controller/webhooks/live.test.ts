// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi, KubeRequest } from '../../../kube/api.ts'
import { NODES } from '../../../kube/resource.ts'
import { askFor, listLive } from './live.ts'

/** Has three pages of nothing. */
function pages(asked: KubeRequest[]): KubeApi {
  return {
    request: async (request) => {
      asked.push(request)
      return { metadata: asked.length < 3 ? { continue: String(asked.length) } : {}, items: [] }
    },
    stream: () => assert.fail('nothing is streamed'),
    close: () => {},
  }
}

test('all requests for one answer are over before the API server gives up waiting for it', async () => {
  for (const [leftMs, mostMs] of [
    [60_000, 4000],
    [1000, 1000],
    [-5, 1],
  ] as const) {
    const asked: KubeRequest[] = []
    await listLive({ api: pages(asked), untilMs: performance.now() + leftMs }, NODES, '')
    const times = asked.map(({ timeoutMs = Infinity }) => timeoutMs)
    assert.equal(times.length, 3)
    assert.ok(
      times.every((ms) => ms > 0 && ms <= mostMs),
      `${times.join()} with ${leftMs} ms left`,
    )
  }
  const { untilMs } = askFor(pages([]))
  assert.ok(untilMs - performance.now() < 9000)
})
