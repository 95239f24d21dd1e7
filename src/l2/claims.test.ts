// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Claim, type ClaimChange, Claims } from './claims.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const claim = (ip: string, interfaces: Claim['interfaces'] = 'all'): Claim => ({ ip, interfaces })
const change = (ip: string, before: Claim['interfaces'] | null, after: Claim['interfaces'] | null): ClaimChange => ({
  ip,
  before: before && claim(ip, before),
  after: after && claim(ip, after),
})

type Step = [service: string, claims: Claim[], changes: ClaimChange[]]
const STORIES: [string, Step[]][] = [
  ['a first claim is new', [['s', [claim(A)], [change(A, null, 'all')]]]],
  [
    'the same claim again changes nothing',
    [
      ['s', [claim(A)], [change(A, null, 'all')]],
      ['s', [claim(A)], []],
    ],
  ],
  [
    'a claim that ends is lost',
    [
      ['s', [claim(A)], [change(A, null, 'all')]],
      ['s', [], [change(A, 'all', null)]],
    ],
  ],
  [
    'another address: one lost, one new',
    [
      ['s', [claim(A)], [change(A, null, 'all')]],
      ['s', [claim(B)], [change(A, 'all', null), change(B, null, 'all')]],
    ],
  ],
  [
    'a shared address stays until the last Service lets go',
    [
      ['s', [claim(A)], [change(A, null, 'all')]],
      ['t', [claim(A)], []],
      ['s', [], []],
      ['t', [], [change(A, 'all', null)]],
    ],
  ],
  [
    'sharers on different interfaces: the union',
    [
      ['s', [claim(A, ['eth0'])], [change(A, null, ['eth0'])]],
      ['t', [claim(A, ['eth1', 'eth0'])], [change(A, ['eth0'], ['eth0', 'eth1'])]],
      ['u', [claim(A)], [change(A, ['eth0', 'eth1'], 'all')]],
      ['u', [], [change(A, 'all', ['eth0', 'eth1'])]],
      ['t', [], [change(A, ['eth0', 'eth1'], ['eth0'])]],
    ],
  ],
  [
    'the order of interfaces does not matter',
    [
      ['s', [claim(A, ['eth1', 'eth0'])], [change(A, null, ['eth0', 'eth1'])]],
      ['s', [claim(A, ['eth0', 'eth1'])], []],
    ],
  ],
  [
    'an address named twice by one Service counts once it is gone',
    [
      ['s', [claim(A), claim(A)], [change(A, null, 'all')]],
      ['s', [], [change(A, 'all', null)]],
    ],
  ],
  ['a Service that was never there', [['s', [], []]]],
]
for (const [name, steps] of STORIES) {
  test(name, () => {
    const claims = new Claims()
    for (const [service, wanted, expected] of steps) {
      assert.deepEqual(
        claims.set(service, wanted).toSorted((a, b) => a.ip.localeCompare(b.ip)),
        expected,
      )
    }
  })
}

test('iteration gives each owned address once', () => {
  const claims = new Claims()
  claims.set('s', [claim(A), claim(B, ['eth0'])])
  claims.set('t', [claim(A)])
  assert.deepEqual([...claims], [claim(A), claim(B, ['eth0'])])
})
