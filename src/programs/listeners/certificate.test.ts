// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { type Certificate, watchCertificate } from './certificate.ts'
import { makeSelfSigned } from './self-signed.ts'

test('on a node whose watches are used up, a new certificate is looked for every now and then', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-certificate-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const put = async () => {
    const { cert, key } = await makeSelfSigned(systemClock)
    writeFileSync(join(directory, 'tls.crt'), cert)
    writeFileSync(join(directory, 'tls.key'), key)
    return cert
  }
  await put()
  context.mock.method(fs, 'watch', () => {
    throw new Error('ENOSPC: System limit for number of file watchers reached')
  })
  syncBuiltinESMExports()
  context.after(() => {
    context.mock.restoreAll()
    syncBuiltinESMExports()
  })
  const due: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    after: (_delayMs, fire) => {
      due.push(fire)
      return { cancel: () => due.splice(due.indexOf(fire), 1) }
    },
  }
  const lines: string[] = []
  const changes: Certificate[] = []
  const log = createLog('info', (line) => lines.push(line))
  const watching = watchCertificate({ directory, clock, log, onChange: (renewed) => changes.push(renewed) })
  assert.match(lines.join(''), /a new certificate is noticed late: ENOSPC/)
  due.shift()?.()
  assert.equal(changes.length, 0)
  const renewed = await put()
  due.shift()?.()
  assert.deepEqual(
    changes.map(({ cert }) => cert),
    [renewed],
  )
  watching.close()
  assert.equal(due.length, 0)
})
