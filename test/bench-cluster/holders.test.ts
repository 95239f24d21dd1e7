// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WatchEvent } from '../../lab/cluster/api-client.ts'
import { service } from '../../lab/cluster/objects.ts'
import { Holders } from './holders.ts'

const holding = (name: string, ip?: string) => ({
  ...service(name),
  status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
})
const at = (type: WatchEvent['type'], name: string, ip?: string): WatchEvent => ({ type, object: holding(name, ip) })

/** What happened, and what is wrong with that. */
const CASES: [string, WatchEvent[], string[]][] = [
  ['two get one each', [at('ADDED', 'a'), at('MODIFIED', 'a', '1'), at('ADDED', 'b', '2')], []],
  ['told twice', [at('ADDED', 'a', '1'), at('MODIFIED', 'a', '1')], []],
  ['handed on after a deletion', [at('ADDED', 'a', '1'), at('DELETED', 'a', '1'), at('ADDED', 'b', '1')], []],
  ['held twice', [at('ADDED', 'a', '1'), at('ADDED', 'b', '1')], ['1 went to b while a held it']],
  ['lost', [at('ADDED', 'a', '1'), at('MODIFIED', 'a')], ['a lost 1']],
  ['moved', [at('ADDED', 'a', '1'), at('MODIFIED', 'a', '2')], ['a lost 1 and got 2']],
  [
    'held twice, then one goes and the other keeps it',
    [at('ADDED', 'a', '1'), at('ADDED', 'b', '1'), at('DELETED', 'a', '1'), at('ADDED', 'c', '1')],
    ['1 went to b while a held it', '1 went to c while b held it'],
  ],
]
for (const [name, events, violations] of CASES) {
  test(`holders: ${name}`, () => {
    const holders = new Holders()
    for (const event of events) holders.see(event)
    assert.deepEqual(holders.violations, violations)
  })
}

test('holders: a list after a gap: who is gone has released, who is there has to hold the same', () => {
  const holders = new Holders()
  holders.replace([holding('a', '1'), holding('b', '2'), holding('c', '3')])
  holders.replace([holding('a', '1'), holding('c', '4'), holding('d', '2')])
  assert.deepEqual(holders.violations, ['c lost 3 and got 4'])
  assert.equal(holders.count, 3)
})
