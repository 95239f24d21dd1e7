// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { answer } from './main.ts'

const CONTRACT = join(import.meta.dirname, '../../../../test/worlds/contract')
const scratch = mkdtempSync(join(tmpdir(), 'metallb-table-'))
after(() => rmSync(scratch, { recursive: true }))

async function table(...args: readonly string[]): Promise<string> {
  const { pieces } = await answer([...args, '-o', 'table'])
  return [...pieces].join('')
}

test('a step over another begins with what it changes', async () => {
  const text = await table(join(CONTRACT, 'steps.yaml'), '--then', '--delete', 'Service/default/first')
  const [changes, services, pools] = text.split('\n\n')
  assert.deepEqual(changes?.split('\n'), [
    'CHANGES',
    '  SERVICE        WHAT     BEFORE     AFTER',
    '  default/first  address  192.0.2.1  (no Service)',
    '  default/waits  address  none       192.0.2.1',
    '  default/waits  l2Node   none       192.0.2.1 on node-1',
  ])
  assert.match(services ?? '', /^SERVICES\n.*\n {2}default\/waits {2}192\.0\.2\.1 {2}a {5}layer 2: node-1$/)
  assert.match(pools ?? '', /^POOLS\n.*\n {2}a {5}1 of 1/)
})

test('problems, refusals, routes and what nobody announces are said in words', async () => {
  const invalid = await table(join(CONTRACT, 'invalid.yaml'))
  assert.match(invalid, /error .*invalid\.yaml:13 BGPPeer tor spec\.bfdProfile: .* \(unknownBfdProfile\)/)
  assert.match(invalid, /The configuration has errors, so it is not used/)
  const full = await table(join(CONTRACT, 'allocation.yaml'))
  assert.match(full, /refused +poolExhausted: no available IPs/)
  assert.match(full, /1 of more than can be used/)
  const announced = await table(join(CONTRACT, 'announcing.yaml'))
  assert.match(
    announced,
    /bgp: 192\.0\.2\.0\/28 to tor \(med 7, prepend 64500 64500\) from n1; 192\.0\.2\.5\/32 to tor/,
  )
  assert.match(announced, /layer 2: n2 on eth0, eth1/)
})

test('nothing in a file reaches the terminal as an escape sequence', async () => {
  const file = join(scratch, 'hostile.yaml')
  writeFileSync(file, 'apiVersion: "x\\e[31m/v1"\nkind: "Red\\e[31m"\nmetadata: { name: a }\n')
  const text = await table(file)
  assert.match(text, /Not looked at/)
  assert.ok(!text.includes('\u001b'))
})
