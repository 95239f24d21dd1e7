// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { Problem } from '../../lib/problem.ts'
import { ConfigurationStatus } from './configuration-status.ts'
import { Statuses } from './statuses.ts'
import { Writer } from './writer.ts'

const A = { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'a' }
const NOBODY = { kind: '', namespace: '', name: '' }
const problem = (fields: Partial<Problem>): Problem => ({
  severity: 'error',
  object: A,
  field: 'spec.addresses',
  code: 'noAddresses',
  message: 'wrong',
  transient: false,
  ...fields,
})

async function written(...lists: Problem[][]) {
  const api = new MemoryObjects()
  const log = createLog('none', () => {})
  const writer = new Writer(api.open(), log, systemClock)
  let wallMs = 0
  const clock = { ...systemClock, wallMs: () => wallMs }
  const statuses = new Statuses('metallb-system')
  const status = new ConfigurationStatus({ statuses, writer, clock, namespace: 'metallb-system' })
  for (const list of lists) {
    status.report(list)
    await writer.flushed()
    wallMs += 1000
  }
  return api.statusWrites.map((write) => write.status)
}

const SUMMARIES: [name: string, problems: Problem[], summary: string][] = [
  ['nothing', [], ''],
  ['warnings hold nothing back', [problem({ severity: 'warning' })], ''],
  ['object and field', [problem({})], 'IPAddressPool a spec.addresses: wrong'],
  ['no field', [problem({ field: '' })], 'IPAddressPool a: wrong'],
  ['no object: file and line', [problem({ object: NOBODY, field: '', file: 'a.yaml', line: 7 })], 'a.yaml:7: wrong'],
  ['a file as a whole', [problem({ object: NOBODY, field: '', file: 'a.yaml' })], 'a.yaml: wrong'],
]
for (const [name, problems, summary] of SUMMARIES) {
  test(`ConfigurationState: ${name}`, async () => {
    const [status] = await written(problems)
    assert.equal(status?.['errorSummary'], summary)
    assert.equal(status['result'], summary === '' ? 'Valid' : 'Invalid')
  })
}

test('ConfigurationState: the first twenty messages, and how many more there are', async () => {
  const many = Array.from({ length: 25 }, (_, index) => problem({ message: `wrong ${index}` }))
  const [status] = await written(many)
  const lines = String(status?.['errorSummary']).split('\n')
  assert.equal(lines.length, 21)
  assert.match(lines.at(-1) ?? '', /5 more/)
})

test('ConfigurationState: written for news only, and its time moves with the transition only', async () => {
  const statuses = await written([problem({})], [problem({})], [problem({ message: 'other' })], [])
  const said = statuses.map((status) => {
    const text = JSON.stringify(status['conditions'])
    return [/"status":"(\w+)"/.exec(text)?.[1], Date.parse(/"lastTransitionTime":"([^"]+)"/.exec(text)?.[1] ?? '')]
  })
  assert.deepEqual(said, [
    ['False', 0],
    ['False', 0],
    ['True', 3000],
  ])
})
