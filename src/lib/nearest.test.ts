// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const FIELDS = ['addresses', 'autoAssign', 'avoidBuggyIPs', 'serviceAllocation', 'peerASN', 'peerPort', 'vrf']

const CASES: [name: string, word: string, meant: string | undefined][] = [
  ['a letter is missing', 'adresses', 'addresses'],
  ['a letter too many', 'addressess', 'addresses'],
  ['two letters are swapped', 'autoAsisgn', 'autoAssign'],
  ['swapped letters are one slip, also in a short word', 'vfr', 'vrf'],
  ['a swap and another slip are two', 'peeeASN', 'peerASN'],
  ['as many as a word of this length may have', 'perePrt', 'peerPort'],
  ['only the case differs', 'AVOIDbuggyIPS', 'avoidBuggyIPs'],
  ['the closest of several', 'peerPrt', 'peerPort'],
  ['a third of the letters may differ', 'vrx', 'vrf'],
  ['more may not', 'vxx', undefined],
  ['three letters of a long word are another word', 'serviceAllacotino', undefined],
  ['another word', 'loadBalancerIP', undefined],
  ['nothing written', '', undefined],
  ['far too long', 'a'.repeat(1_000_000), undefined],
]
for (const [name, word, meant] of CASES) {
  test(`did you mean: ${name}`, () => assert.equal(nearest(word, FIELDS), meant))
}

test('did you mean: there is nothing to choose from', () => assert.equal(nearest('addresses', []), undefined))
