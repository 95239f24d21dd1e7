// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import type { ObjectEvent, StatusWrite } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { ConfigurationState } from './configuration-state.ts'

const error = (name: string, severity: Problem['severity'] = 'error'): Problem => ({
  severity,
  object: { kind: 'IPAddressPool', namespace: 'metallb-system', name },
  field: 'spec',
  code: 'noAddresses',
  message: 'is empty',
  transient: false,
})
const OBJECT = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ConfigurationState',
  metadata: { name: 'speaker-n', namespace: 'metallb-system', labels: {}, annotations: {} },
}

function rig() {
  let nowMs = 0
  const writes: StatusWrite[] = []
  const state = new ConfigurationState({
    clock: { ...systemClock, wallMs: () => nowMs },
    namespace: 'metallb-system',
    node: 'n',
    write: (write) => writes.push(write),
  })
  const tell = (type: ObjectEvent['type'], status: unknown) => state.take({ type, object: { ...OBJECT, status } })
  const take = () => writes.splice(0).map(({ status }) => status)
  return { state, tell, take, pass: (ms: number) => (nowMs += ms) }
}

const status = (summary: string, since: string) => ({
  result: summary === '' ? 'Valid' : 'Invalid',
  errorSummary: summary,
  conditions: [
    {
      type: 'configReconcilerValid',
      status: summary === '' ? 'True' : 'False',
      reason: summary === '' ? 'Reconciled' : 'ConfigurationError',
      message: summary === '' ? '' : `configuration error: ${summary}`,
      lastTransitionTime: since,
    },
  ],
})
const START = '1970-01-01T00:00:00Z'
const LATER = '1970-01-01T00:01:00Z'

test('nothing is written before it is known what is there; then what differs, once', () => {
  const { state, take } = rig()
  state.report([])
  assert.deepEqual(take(), [])
  state.begin()
  state.report([error('a', 'warning')])
  assert.deepEqual(take(), [status('', START)])
})

test('the time is that of the transition', () => {
  const { state, take, pass } = rig()
  state.begin()
  state.report([error('a')])
  pass(60_000)
  state.report([error('a'), error('b')])
  const both = 'IPAddressPool a spec: is empty\nIPAddressPool b spec: is empty'
  assert.deepEqual(take(), [status('IPAddressPool a spec: is empty', START), status(both, START)])
  state.report([])
  assert.deepEqual(take(), [status('', LATER)])
})

test('what an earlier process wrote is not written again; an empty summary may be left out there', () => {
  const { state, tell, take, pass } = rig()
  const { errorSummary: _, ...rest } = status('', START)
  tell('applied', rest)
  pass(60_000)
  state.report([])
  state.begin()
  assert.deepEqual(take(), [])
})

test('deleted or changed by somebody, it comes back', () => {
  const { state, tell, take } = rig()
  state.begin()
  state.report([])
  tell('deleted', undefined)
  tell('applied', status('nonsense', START))
  assert.equal(take().length, 3)
})
