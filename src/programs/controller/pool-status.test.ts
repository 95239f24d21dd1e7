// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NAMESPACE, pool } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { PoolStatus } from './pool-status.ts'
import { Statuses } from './statuses.ts'
import { Writer } from './writer.ts'

const clock = { ...systemClock, after: (_delayMs: number, fire: () => void) => systemClock.after(0, fire) }
const A = { name: 'a', assignedIPv4: 1n, availableIPv4: 255n, assignedIPv6: 0n, availableIPv6: 0n }

function rig() {
  const api = new MemoryObjects({ versioned: true })
  const statuses = new Statuses(NAMESPACE)
  const writer = new Writer(api.open(), createLog('none'), clock)
  const status = new PoolStatus({ counters: () => [A], statuses, writer, clock, namespace: NAMESPACE })
  const settled = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await writer.flushed()
  }
  return { api, statuses, status, settled }
}

test('counters are written once, and not again while they are the same', async () => {
  const { api, status, settled } = rig()
  api.apply(pool('a', ['192.0.2.0/24']))
  for (let times = 3; times > 0; times--) {
    status.poke()
    await settled()
  }
  assert.deepEqual(
    api.statusWrites.map((write) => write.status),
    [{ assignedIPv4: 1, availableIPv4: 255, assignedIPv6: 0, availableIPv6: 0 }],
  )
})

test('a pool that is made anew while the configuration is held back gets the counters that its predecessor had', async () => {
  const { api, status, settled } = rig()
  status.poke()
  await settled() // it is gone, but still in use
  api.apply(pool('a', ['192.0.2.0/24']))
  status.poke()
  await settled()
  assert.ok(api.objects.get(`IPAddressPool/${NAMESPACE}/a`)?.['status'])
})

for (const end of ['drop', 'close'] as const) {
  test(`after ${end} nothing is written, nor taken for written`, async () => {
    const { api, statuses, status, settled } = rig()
    api.apply(pool('a', ['192.0.2.0/24']))
    status[end]()
    status.poke()
    await settled()
    assert.deepEqual([api.statusWrites, statuses.get('IPAddressPool', 'a')], [[], undefined])
  })
}
