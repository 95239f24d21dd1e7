// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressBytes,
  addressText,
  canSpeak,
  isUsableAddress,
  isUsableName,
  MEMBERLIST_VERSIONS,
  protocolMax,
} from './member.ts'

const ADDRESSES: readonly (readonly [string, readonly number[], string, boolean])[] = [
  ['IPv4', [10, 0, 0, 1], '10.0.0.1', true],
  ['IPv4 as Go keeps it at times', [...zeros(10), 255, 255, 10, 0, 0, 1], '10.0.0.1', true],
  ['IPv6', [0x20, 0x01, 0x0d, 0xb8, ...zeros(11), 1], '2001:db8::1', true],
  ['link-local IPv6', [0xfe, 0x80, ...zeros(13), 1], 'fe80::1', true],
  ['loopback, of tests', [127, 0, 0, 1], '127.0.0.1', true],
  ['any IPv4', [0, 0, 0, 0], '0.0.0.0', false],
  ['this network', [0, 1, 2, 3], '0.1.2.3', false],
  ['any IPv6', zeros(16), '::', false],
  ['multicast', [224, 0, 0, 1], '224.0.0.1', false],
  ['broadcast', [255, 255, 255, 255], '255.255.255.255', false],
  ['mapped broadcast', [...zeros(10), 255, 255, 255, 255, 255, 255], '255.255.255.255', false],
  ['IPv6 multicast', [0xff, 0x02, ...zeros(13), 1], 'ff02::1', false],
  ['nothing', [], '', false],
  ['5 bytes', [1, 2, 3, 4, 5], '', false],
]

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0)
}

for (const [name, bytes, text, usable] of ADDRESSES) {
  test(`address of ${name}`, () => {
    const address = Uint8Array.from(bytes)
    assert.deepEqual([addressText(address), isUsableAddress(address)], [text, usable])
    if (usable) assert.equal(addressText(addressBytes(text) ?? new Uint8Array(0)), text)
  })
}

test('what nobody can send to is no address to be told', () => {
  for (const text of ['0.0.0.0', '::', 'node1', '', '10.0.0.256']) assert.equal(addressBytes(text), undefined, text)
})

const OURS = MEMBERLIST_VERSIONS
const VERSIONS: readonly (readonly [string, readonly number[], boolean])[] = [
  ['memberlist as MetalLB has it', [1, 5, 2, 0, 0, 0], true],
  ['an old member that says nothing', [], true],
  ['a newer one that understands ours', [1, 9, 2, 0, 0, 0], true],
  ['one that speaks what we understand', [1, 5, 5, 0, 0, 0], true],
  ['one that speaks what we do not understand', [1, 9, 6, 0, 0, 0], false],
  ['one that no longer understands ours', [3, 5, 3, 0, 0, 0], false],
  ['another application', [1, 5, 2, 2, 5, 4], false],
  ['zero as lowest', [0, 5, 2, 0, 0, 0], false],
  ['zero as highest', [1, 0, 2, 0, 0, 0], false],
  ['lowest above highest', [5, 1, 2, 0, 0, 0], false],
  ['five numbers', [1, 5, 2, 0, 0], false],
]

for (const [name, theirs, speaks] of VERSIONS) {
  test(`versions: ${name}`, () => {
    assert.equal(canSpeak(Uint8Array.from(theirs), OURS), speaks)
    assert.equal(protocolMax({ versions: Uint8Array.from(theirs) }), theirs[1] ?? 0)
  })
}

test('names have 1 to 253 bytes, as they are on the wire', () => {
  const names = ['', 'a', 'a'.repeat(253), 'a'.repeat(254), 'é'.repeat(126), 'é'.repeat(127)]
  assert.deepEqual(names.map(isUsableName), [false, true, true, false, true, false])
})
