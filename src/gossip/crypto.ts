// SPDX-License-Identifier: Apache-2.0
/**
 * AES-GCM (NIST SP 800-38D) of the ring. Encrypted:
 *
 *   0         1              13
 *   +---------+--------------+--------------------+----------+
 *   | version | nonce        | encrypted          | tag      |
 *   | 0, 1    | 12 bytes     |                    | 16 bytes |
 *   +---------+--------------+--------------------+----------+
 *
 * Version 0, of members that speak protocol 1, pads to 16 bytes first (PKCS #7); version 1 does not. What the tag
 * covers besides is the label in a packet; in a stream type and length of the frame, and then the label.
 */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

export type EncryptionVersion = 0 | 1

const NONCE_BYTES = 12
const TAG_BYTES = 16
const BLOCK_BYTES = 16
const KEY_BYTES = 32
const AT_NONCE = 1
const AT_ENCRYPTED = AT_NONCE + NONCE_BYTES

/** What version 1 adds to a message, in bytes. */
export const ENCRYPTION_BYTES = AT_ENCRYPTED + TAG_BYTES

/** Key, and what is authenticated but not encrypted. */
export type Sealing = Readonly<{ key: Uint8Array; additional: Uint8Array }>

/** A key's cipher; a key of another length than 16, 24 or 32 bytes is a mistake of who read it. */
function cipherOf(key: Uint8Array): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  if (key.length === 16) return 'aes-128-gcm'
  if (key.length === 24) return 'aes-192-gcm'
  assert.equal(key.length, KEY_BYTES, 'a key has 16, 24 or 32 bytes')
  return 'aes-256-gcm'
}

/** Encrypts and signs. A nonce must never come twice with one key: leave it out, except in tests. */
export function encrypt(
  plain: Uint8Array,
  sealing: Sealing,
  { version = 1, nonce = randomBytes(NONCE_BYTES) }: { version?: EncryptionVersion; nonce?: Uint8Array } = {},
): Uint8Array {
  const cipher = createCipheriv(cipherOf(sealing.key), sealing.key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(sealing.additional)
  const padBytes = version === 0 ? BLOCK_BYTES - (plain.length % BLOCK_BYTES) : 0
  const body = cipher.update(padBytes === 0 ? plain : Buffer.concat([plain, Buffer.alloc(padBytes, padBytes)]))
  return Buffer.concat([Uint8Array.of(version), nonce, body, cipher.final(), cipher.getAuthTag()])
}

/** What was encrypted; null for another key, other additional data, an unknown version or changed bytes. */
export function decrypt(bytes: Uint8Array, { key, additional }: Sealing): Uint8Array | null {
  const version = bytes[0]
  if ((version !== 0 && version !== 1) || bytes.length < ENCRYPTION_BYTES) return null
  const nonce = bytes.subarray(AT_NONCE, AT_ENCRYPTED)
  const decipher = createDecipheriv(cipherOf(key), key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(additional)
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  const plain = decipher.update(bytes.subarray(AT_ENCRYPTED, bytes.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    // The only thing that it throws for: the tag is wrong.
    return null
  }
  return version === 0 ? withoutPadding(plain) : plain
}

/** Null where the padding is none: who has the key wrote nonsense. */
function withoutPadding(plain: Uint8Array): Uint8Array | null {
  const padBytes = plain.at(-1) ?? 0
  if (padBytes < 1 || padBytes > BLOCK_BYTES || padBytes > plain.length) return null
  return plain.subarray(0, plain.length - padBytes)
}

/**
 * The key that MetalLB's speakers make of the secret in their file: the first 32 bytes of the secret followed by the
 * SHA-256 of nothing. Its own generated secrets have 22 bytes.
 */
export function ringKey(secret: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([secret, createHash('sha256').digest()]).subarray(0, KEY_BYTES))
}
