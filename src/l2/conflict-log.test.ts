// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../lib/log.ts'
import { ConflictLog } from './conflict-log.ts'

test('a stranger with our address is reported once a minute, for each address', () => {
  const lines: string[] = []
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs, wallMs: () => 0, after: () => ({ cancel() {} }) }
  const log = new ConflictLog(
    clock,
    createLog('all', (line) => lines.push(line)),
  )
  const report = (ip: string) => log.report({ ip, mac: '02:00:00:00:00:ff', link: 'eth1' })
  for (let i = 0; i < 3; i++) report('192.0.2.1')
  report('2001:db8::1')
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /another station.*"ip":"192.0.2.1","mac":"02:00:00:00:00:ff","interface":"eth1"/)
  nowMs = 60_000
  report('192.0.2.1')
  assert.equal(lines.length, 3)
})
