// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { AnnouncedConditions, decideAnnounced, LAG_MS, SILENCE_MS, type Silent } from './announced.ts'

const ROWS: [string, Silent, boolean | null, number | null][] = [
  ['announced all along', { announced: true, silentMs: null, said: null }, null, null],
  ['announced, and said so', { announced: true, silentMs: null, said: true }, null, null],
  ['announced after all', { announced: true, silentMs: null, said: false }, true, null],
  ['silent since a moment', { announced: false, silentMs: 0, said: null }, null, SILENCE_MS],
  ['silent for long', { announced: false, silentMs: SILENCE_MS, said: null }, false, null],
  ['silent again', { announced: false, silentMs: SILENCE_MS - 1, said: true }, null, 1],
  ['silent again for long', { announced: false, silentMs: SILENCE_MS + 1, said: true }, false, null],
  ['silent, and said so', { announced: false, silentMs: 0, said: false }, null, null],
]
for (const [name, silent, say, afterMs] of ROWS) {
  test(`a Service that is ${name}`, () => {
    assert.deepEqual(decideAnnounced(silent), { say, afterMs })
  })
}

class TestClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; fire: () => void }>()
  monotonicMs = () => this.#nowMs
  wallMs = () => this.#nowMs
  after(delayMs: number, fire: () => void) {
    const timer = { atMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }
  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue
      timer.fire()
    }
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  }
}

const status = (name: string, service: string, rest: Partial<KubeObject> = {}): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ServiceL2Status',
  metadata: {
    name,
    namespace: 'metallb-system',
    labels: { 'metallb.io/service-name': service, 'metallb.io/service-namespace': 'default', 'metallb.io/node': 'n' },
    annotations: {},
  },
  ...rest,
})
const applied = (object: KubeObject): ObjectEvent => ({ type: 'applied', object })
const bare = ({ metadata, ...object }: KubeObject): KubeObject => ({ ...object, metadata: { ...metadata, labels: {} } })
const bgp = (peers: readonly string[]) =>
  applied(status('bgp-a', 'web', { kind: 'ServiceBGPStatus', status: { peers } }))
const HOLDS = { holds: true, condition: null }
const SAID = (word: 'True' | 'False') => ({ holds: true, condition: { status: word, reason: '', message: '' } })

function rig() {
  const clock = new TestClock()
  const written: string[] = []
  let faults = 0
  let questions = 0
  let reason: 'notOwner' | 'speakerSilent' = 'notOwner'
  const conditions = new AnnouncedConditions({
    clock,
    log: createLog('none'),
    diagnose: async () => {
      questions++
      if (faults-- > 0) throw new Fault({ code: 'unavailable' }, 'away')
      return { reason, message: 'no endpoint' }
    },
    write: (service, condition) => written.push(`${service} ${condition.status} ${condition.reason}`),
  })
  const take = () => written.splice(0)
  const answer = (word: typeof reason) => (reason = word)
  return { clock, conditions, take, answer, fail: (count: number) => (faults = count), asked: () => questions }
}

test('nobody announces for ten seconds: False with the reason, once; then somebody does: True, once', async () => {
  const { clock, conditions, take } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  await clock.pass(SILENCE_MS - 1)
  assert.deepEqual(take(), [])
  await clock.pass(1)
  assert.deepEqual(take(), ['default/web False notOwner'])
  conditions.service('default/web', SAID('False'))
  await clock.pass(10 * SILENCE_MS)
  conditions.take(applied(status('l2-a', 'web')))
  assert.deepEqual(take(), ['default/web True Announced'])
  conditions.service('default/web', SAID('True'))
  await clock.pass(10 * SILENCE_MS)
  assert.deepEqual(take(), [])
})

test('a Service that is announced within ten seconds costs no write and no question', async () => {
  const { clock, conditions, take, asked } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  await clock.pass(5000)
  conditions.take(applied(status('l2-a', 'web')))
  await clock.pass(100_000)
  assert.deepEqual([take(), asked()], [[], 0])
})

test('a failover: two objects for a moment, then one, then none', async () => {
  const { clock, conditions, take } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  for (const name of ['l2-a', 'l2-b', 'l2-b']) conditions.take(applied(status(name, 'web')))
  conditions.take({ type: 'deleted', object: bare(status('l2-a', 'web')) })
  await clock.pass(2 * SILENCE_MS)
  assert.deepEqual(take(), [])
  conditions.take({ type: 'deleted', object: bare(status('l2-b', 'web')) })
  await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), ['default/web False notOwner'])
})

test('BGP counts while it has peers', async () => {
  const { clock, conditions, take } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  conditions.take(bgp(['tor']))
  await clock.pass(2 * SILENCE_MS)
  assert.deepEqual(take(), [])
  conditions.take(bgp([]))
  await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), ['default/web False notOwner'])
})

test('what has no address is not silent', async () => {
  const { clock, conditions, take } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  conditions.service('default/web', { holds: false, condition: null })
  conditions.service('default/gone', HOLDS)
  conditions.forget('default/gone')
  await clock.pass(2 * SILENCE_MS)
  assert.deepEqual(take(), [])
})

test('only the leader says anything, and a new one waits its own ten seconds', async () => {
  const { clock, conditions, take } = rig()
  conditions.service('default/web', HOLDS)
  await clock.pass(10 * SILENCE_MS)
  assert.deepEqual(take(), [])
  conditions.lead()
  await clock.pass(SILENCE_MS - 1)
  conditions.rest()
  await clock.pass(10 * SILENCE_MS)
  assert.deepEqual(take(), [])
  conditions.lead()
  await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), ['default/web False notOwner'])
})

test('a question that cannot be answered is asked again', async () => {
  const { clock, conditions, take, fail } = rig()
  conditions.lead()
  conditions.service('default/web', HOLDS)
  fail(2)
  await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), [])
  for (let round = 0; round < 3; round++) await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), ['default/web False notOwner'])
})

test('while speakers work off what they have to say, their silence about a Service is believed later', async () => {
  const { clock, conditions, take, answer, asked } = rig()
  answer('speakerSilent')
  conditions.lead()
  conditions.service('default/web', HOLDS)
  for (let seconds = 0; seconds < LAG_MS / 1000; seconds++) {
    conditions.take(applied(status(`l2-${seconds}`, `other-${seconds}`)))
    await clock.pass(1000)
  }
  assert.deepEqual(take(), [])
  assert.ok(asked() <= 6, `asked ${asked()} times`)
  await clock.pass(LAG_MS)
  assert.deepEqual(take(), ['default/web False speakerSilent'])
})

test('where no speaker says anything at all, ten seconds are enough', async () => {
  const { clock, conditions, take, answer } = rig()
  answer('speakerSilent')
  conditions.lead()
  conditions.service('default/web', HOLDS)
  await clock.pass(SILENCE_MS)
  assert.deepEqual(take(), ['default/web False speakerSilent'])
})

test('many at once are not asked about while speakers say one after the other', async () => {
  const { clock, conditions, take, asked } = rig()
  conditions.lead()
  const names = Array.from({ length: 100 }, (_, index) => `web-${index}`)
  for (const name of names) conditions.service(`default/${name}`, HOLDS)
  for (const name of names.slice(0, 90)) {
    await clock.pass(1000)
    conditions.take(applied(status(`l2-${name}`, name)))
  }
  assert.deepEqual([take(), asked()], [[], 0])
  await clock.pass(LAG_MS)
  assert.equal(take().length, 10)
})
