// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSighting } from './neighbors.ts'

const MAC = '02:00:00:00:00:12'

// Lines as iproute2 6.1 prints them.
const CASES: [string, string, { ip: string; mac: string; state: string } | undefined][] = [
  ['an answer', `192.0.2.1 dev eth0 lladdr ${MAC} REACHABLE`, { ip: '192.0.2.1', mac: MAC, state: 'REACHABLE' }],
  ['an announcement', `192.0.2.1 dev eth0 lladdr ${MAC} STALE `, { ip: '192.0.2.1', mac: MAC, state: 'STALE' }],
  ['nobody answered', '192.0.2.1 dev eth0  FAILED', { ip: '192.0.2.1', mac: '', state: 'FAILED' }],
  [
    'an entry removed',
    `Deleted 192.0.2.1 dev eth0 lladdr ${MAC} STALE`,
    { ip: '192.0.2.1', mac: MAC, state: 'DELETED' },
  ],
  [
    'an entry with a flag',
    `192.0.2.1 dev eth0 lladdr ${MAC} router STALE`,
    { ip: '192.0.2.1', mac: MAC, state: 'STALE' },
  ],
  ['IPv6', `fe80::1 dev eth0 lladdr ${MAC} REACHABLE`, undefined],
  ['an empty line', '', undefined],
]
for (const [name, line, sighting] of CASES) {
  test(name, () => assert.deepEqual(parseSighting(line, 7), sighting && { ...sighting, atMs: 7 }))
}
