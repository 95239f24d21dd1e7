// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LABELLED_PACKETS, MESSAGES, PACKET_KEY_BYTE } from '../../test/fuzz/gossip-vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decrypt, ENCRYPTION_BYTES, encrypt, ringKey } from './crypto.ts'

const LABEL = Buffer.from('blue')
const HEADER_BYTES = 2 + LABEL.length
const plainHex = MESSAGES[0]?.[1] ?? ''

for (const [name, hex] of LABELLED_PACKETS.filter(([vector]) => vector.startsWith('version'))) {
  const encrypted = fromHex(hex).subarray(HEADER_BYTES)
  const keyBytes = Number(/(\d+) bytes/.exec(name)?.[1])
  const sealing = { key: Buffer.alloc(keyBytes, PACKET_KEY_BYTE), additional: LABEL }

  test(`${name}: decrypts what memberlist encrypted, and encrypts it the same`, () => {
    const plain = decrypt(encrypted, sealing)
    assert(plain)
    assert.equal(toHex(plain), plainHex)
    const version = encrypted[0] === 0 ? 0 : 1
    assert.deepEqual(encrypt(plain, sealing, { version, nonce: encrypted.slice(1, 13) }), Buffer.from(encrypted))
  })

  test(`${name}: nothing comes out of bytes that were cut, changed, or meant for others`, () => {
    for (let at = 0; at < encrypted.length; at++) {
      assert.equal(decrypt(encrypted.subarray(0, at), sealing), null)
      const changed = Uint8Array.from(encrypted)
      // Not the lowest bit: the version is not signed, and 1 is what 0 with its padding is.
      changed[at] = (changed[at] ?? 0) ^ 0x02
      assert.equal(decrypt(changed, sealing), null)
    }
    assert.equal(decrypt(encrypted, { ...sealing, additional: Buffer.from('red') }), null)
    assert.equal(decrypt(encrypted, { ...sealing, key: Buffer.alloc(keyBytes, 1) }), null)
  })
}

const key = Buffer.alloc(32, 7)
const sealing = { key, additional: LABEL }

test('nothing can be encrypted, and comes back', () => {
  const encrypted = encrypt(new Uint8Array(0), sealing)
  assert.equal(encrypted.length, ENCRYPTION_BYTES)
  assert.deepEqual(decrypt(encrypted, sealing), Buffer.alloc(0))
})

test('no nonce comes twice', () => {
  const nonces = Array.from({ length: 100 }, () => toHex(encrypt(LABEL, sealing).subarray(1, 13)))
  assert.equal(new Set(nonces).size, 100)
})

/** Version 0 of a plain text that brings its own padding. */
function padded(hex: string): Uint8Array {
  const encrypted = encrypt(fromHex(hex), { key, additional: Uint8Array.of() }, { version: 1 })
  encrypted[0] = 0
  return encrypted
}
const PADDINGS: readonly (readonly [string, string, string | null])[] = [
  ['one byte', `${'aa'.repeat(15)}01`, 'aa'.repeat(15)],
  ['all of it', '10'.repeat(16), ''],
  ['nothing at all', '', null],
  ['of 0', 'aa00', null],
  ['of more than a block', 'aa'.repeat(40), null],
  ['of more than there is', '05', null],
]
for (const [name, hex, expected] of PADDINGS) {
  test(`padding: ${name}`, () => {
    const plain = decrypt(padded(hex), { key, additional: Uint8Array.of() })
    assert.equal(plain && toHex(plain), expected)
  })
}

test('a key of another length is a bug', () => {
  assert.throws(() => encrypt(LABEL, { key: Buffer.alloc(15), additional: LABEL }), assert.AssertionError)
})

const SECRETS: readonly (readonly [string, string, string])[] = [
  ['of 22 bytes', '61'.repeat(22), `${'61'.repeat(22)}e3b0c44298fc1c149afb`],
  ['empty', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['of 32 bytes', '01'.repeat(32), '01'.repeat(32)],
  ['of 40 bytes', '02'.repeat(40), '02'.repeat(32)],
]
for (const [name, secret, expected] of SECRETS) {
  test(`the key of a secret ${name}, as MetalLB derives it`, () => {
    assert.equal(toHex(ringKey(fromHex(secret))), expected)
  })
}
