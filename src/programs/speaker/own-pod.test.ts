// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeApi, KubeFault, type KubeFaultCode, type KubeRequest } from '../../kube/api.ts'
import { createLog } from '../../lib/log.ts'
import { findOwnPod } from './own-pod.ts'

const pod = (name: string, more: object = {}) => ({ metadata: { name, uid: `uid-${name}`, ...more } })
const ended = (name: string, phase: string) => ({ ...pod(name), status: { phase } })
const owner = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: `uid-${name}` })
const OLD = { deletionTimestamp: '2026-01-01T00:00:00Z' }

async function find(answer: unknown, given: Readonly<{ podName?: string; labels?: string }> = {}) {
  const asked: KubeRequest[] = []
  const lines: string[] = []
  const api: KubeApi = {
    request: async (request) => {
      asked.push(request)
      if (answer instanceof Error) throw answer
      return answer
    },
    stream: () => assert.fail('nothing is streamed'),
    close: () => {},
  }
  const log = createLog('info', (line) => lines.push(line))
  const place = { namespace: 'metallb-system', node: 'node-1', podName: '', labels: '', ...given }
  const found = await findOwnPod({ api, log, ...place })
  return { found, asked, lines }
}

const LISTS: [string, unknown, ReturnType<typeof owner> | null][] = [
  ['one', { items: [pod('a')] }, owner('a')],
  ['one, and the one before it is being deleted', { items: [pod('a', OLD), pod('b')] }, owner('b')],
  ['one, and two that have ended', { items: [ended('a', 'Failed'), pod('b'), ended('c', 'Succeeded')] }, owner('b')],
  ['none', { items: [] }, null],
  ['two, of which either may be ours', { items: [pod('a'), pod('b')] }, null],
  ['an answer that is no list', 'x', null],
]
for (const [name, answer, expected] of LISTS) {
  test(`without a name, Pods of this node: ${name}`, async () => {
    const { found, asked, lines } = await find(answer)
    assert.deepEqual(found, expected)
    assert.deepEqual(asked[0]?.query, {
      fieldSelector: 'spec.nodeName=node-1',
      labelSelector: 'app=metallb,component=speaker',
    })
    assert.equal(lines.length, expected ? 0 : 1)
  })
}

test('by its name, or by the labels that are given', async () => {
  const named = await find(pod('a'), { podName: 'a' })
  assert.deepEqual([named.found, named.asked[0]?.path], [owner('a'), '/api/v1/namespaces/metallb-system/pods/a'])
  const labelled = await find({ items: [pod('a')] }, { labels: 'app=mine' })
  assert.equal(labelled.asked[0]?.query?.['labelSelector'], 'app=mine')
})

const fault = (code: KubeFaultCode) => new KubeFault({ code, status: 0, retryAfterMs: null }, code)
test('without the right to look, or without such a Pod, there is no owner; an API server that is away is asked again', async () => {
  for (const code of ['forbidden', 'notFound'] as const) {
    const { found, lines } = await find(fault(code), { podName: 'a' })
    assert.deepEqual([found, lines.length], [null, 1])
  }
  await assert.rejects(find(fault('unavailable')), KubeFault)
})
