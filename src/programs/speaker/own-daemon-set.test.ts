// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import { refused, ScriptedApi } from '../../../test/sim/scripted-api.ts'
import { type KubeApi, KubeFault, type KubeFaultCode, type KubeRequest } from '../../kube/api.ts'
import { createLog } from '../../lib/log.ts'
import { isDaemonSetDeleted } from './own-daemon-set.ts'

const owner = (kind: string, name = 'speaker') => ({ apiVersion: 'apps/v1', kind, name, uid: 'u1', controller: true })
const pod = (...ownerReferences: readonly object[]) => ({
  metadata: { name: 'speaker-x', deletionTimestamp: '2026-01-01T00:00:00Z', ownerReferences },
})
const OURS = pod(owner('DaemonSet'))
const set = (more: object = {}) => ({ metadata: { name: 'speaker', uid: 'u1', ...more } })
const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z' }

async function outcomeOf(answers: readonly (KubeFault | object)[], podName = 'speaker-x') {
  const api = new ScriptedApi()
  api.answers.push(...answers)
  const lines: string[] = []
  const log = createLog('info', (line) => lines.push(line))
  const clock = new SimClock()
  const deleted = await isDaemonSetDeleted({ api, namespace: 'metallb-system', podName, clock, log })
  assert.equal(clock.waiting, 0)
  return { deleted, lines, paths: api.requests.map(({ method, path }) => `${method} ${path}`) }
}

const POD_PATH = 'GET /api/v1/namespaces/metallb-system/pods/speaker-x'
const SET_PATH = 'GET /apis/apps/v1/namespaces/metallb-system/daemonsets/speaker'

test('one Pod and its DaemonSet are asked for', async () => {
  const { deleted, paths, lines } = await outcomeOf([pod(owner('Other', 'x'), owner('DaemonSet')), set()])
  assert.deepEqual([deleted, paths, lines], [false, [POD_PATH, SET_PATH], []])
})

const ANSWERS: readonly (readonly [string, readonly (KubeFault | object)[], boolean])[] = [
  ['it stays', [OURS, set()], false],
  ['it is being deleted', [OURS, set(GOING)], true],
  ['it is gone', [OURS, refused('notFound')], true],
  ['another by its name stands there, and stays', [OURS, set({ uid: 'u2' })], false],
  ['another by its name is being deleted', [OURS, set({ uid: 'u2', ...GOING })], false],
  ['the Pod belongs to nobody', [pod()], false],
  ['the Pod belongs to something else', [pod(owner('ReplicaSet'))], false],
  ['an answer that is no Pod', [[]], false],
  ['owners that are no list', [{ metadata: { ownerReferences: 'DaemonSet' } }], false],
  ['an answer that is no DaemonSet', [OURS, [GOING]], false],
  ['a time that is no text', [OURS, set({ deletionTimestamp: 7 })], false],
]
for (const [name, answers, expected] of ANSWERS) {
  test(`whether the DaemonSet is deleted: ${name}`, async () => {
    const { deleted, lines } = await outcomeOf(answers)
    assert.deepEqual([deleted, lines], [expected, []])
  })
}

test('without the name of the Pod nobody is asked', async () => {
  const { deleted, paths } = await outcomeOf([], '')
  assert.deepEqual([deleted, paths], [false, []])
})

test('any fault counts as no, and is said', async () => {
  const codes: readonly KubeFaultCode[] = [
    'forbidden',
    'unavailable',
    'timeout',
    'unauthorized',
    'throttled',
    'invalid',
  ]
  for (const code of codes) {
    for (const answers of [[refused(code)], [OURS, refused(code)]]) {
      const { deleted, lines } = await outcomeOf(answers)
      assert.deepEqual([deleted, lines.length], [false, 1], code)
    }
  }
  const { deleted, lines } = await outcomeOf([refused('notFound')])
  assert.deepEqual([deleted, lines.length], [false, 1], 'the Pod is not there')
})

/** Answers nothing until it is told not to wait; the second question, where the first is answered. */
class SilentApi implements KubeApi {
  readonly #first: object | null
  asked = 0

  constructor(first: object | null) {
    this.#first = first
  }

  request({ signal }: KubeRequest): Promise<unknown> {
    if (this.#first && this.asked++ === 0) return Promise.resolve(this.#first)
    return new Promise((_, reject) => {
      const fault = new KubeFault({ code: 'aborted', status: 0, retryAfterMs: null }, 'aborted')
      signal?.addEventListener('abort', () => reject(fault))
    })
  }

  async *stream(): AsyncGenerator<Buffer> {}

  close(): void {}
}

for (const [name, first] of [
  ['nobody answers', null],
  ['the first answer was the last', OURS],
] as const) {
  test(`half a second is all it takes: ${name}`, async () => {
    const clock = new SimClock()
    const lines: string[] = []
    const options = { namespace: 'metallb-system', podName: 'speaker-x', clock }
    const log = createLog('info', (line) => lines.push(line))
    let isAnswered = false
    const ask = async () => {
      const deleted = await isDaemonSetDeleted({ ...options, api: new SilentApi(first), log })
      isAnswered = true
      return deleted
    }
    const asking = ask()
    await clock.advance(499)
    assert.equal(isAnswered, false)
    await clock.advance(1)
    assert.equal(await asking, false)
    assert.match(lines.join(), /no answer within 500 ms/)
  })
}
