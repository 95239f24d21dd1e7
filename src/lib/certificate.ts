// SPDX-License-Identifier: Apache-2.0
/**
 * Makes X.509 certificates (RFC 5280): an authority, and what it vouches for. Keys are RSA-2048, in PKCS#1, the form in
 * which MetalLB reads them: who goes back to it can go on with ours.
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import {
  bits,
  boolean,
  elements,
  explicit,
  implicit,
  integer,
  nothing,
  octets,
  oid,
  printable,
  sequence,
  set,
  time,
} from './der.ts'

/** Both in PEM. */
export type Identity = Readonly<{ cert: string; key: string }>
/** Milliseconds since 1970, cut to whole seconds. */
export type Validity = Readonly<{ notBeforeMs: number; notAfterMs: number }>
type Name = Readonly<{ commonName: string; organization: string }>

const KEY_BITS = 2048
const SHA256_WITH_RSA = sequence(oid('1.2.840.113549.1.1.11'), nothing())

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** §4.2.1.3, bits from the left: digitalSignature, keyCertSign and cRLSign; digitalSignature and keyEncipherment. */
const SIGNS_CERTIFICATES = bits(Buffer.from([0b1000_0110]), 1)
const SERVES = bits(Buffer.from([0b1010_0000]), 5)

/** A self-signed authority. */
export async function makeAuthority(name: Name, validity: Validity): Promise<Identity> {
  const { publicKey, privateKey } = await newKeys()
  const extensions = [
    extension(BASIC_CONSTRAINTS, sequence(boolean(true)), { critical: true }),
    extension(KEY_USAGE, SIGNS_CERTIFICATES, { critical: true }),
    extension(SUBJECT_KEY_IDENTIFIER, octets(keyIdOf(publicKey))),
  ]
  const subject = encodeName(name)
  const cert = signed({ issuer: subject, subject, publicKey, validity, extensions }, privateKey)
  return { cert, key: pemOf(privateKey) }
}

/** A certificate for a TLS server of these DNS names, signed by `authority`, whoever made that. */
export async function issueServing(
  authority: Identity,
  request: Readonly<{ name: Name; dnsNames: readonly string[] }>,
  validity: Validity,
): Promise<Identity> {
  const signer = createPrivateKey(authority.key)
  const issuer = readIssuer(authority.cert)
  const { publicKey, privateKey } = await newKeys()
  const alternatives = request.dnsNames.map((name) => implicit(2, Buffer.from(name))) // §4.2.1.6: dNSName [2]
  const extensions = [
    extension(BASIC_CONSTRAINTS, sequence(), { critical: true }),
    extension(KEY_USAGE, SERVES, { critical: true }),
    extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, sequence(...alternatives)),
    extension(SUBJECT_KEY_IDENTIFIER, octets(keyIdOf(publicKey))),
    ...(issuer.keyId ? [extension(AUTHORITY_KEY_IDENTIFIER, sequence(implicit(0, issuer.keyId)))] : []),
  ]
  const content = { issuer: issuer.subject, subject: encodeName(request.name), publicKey, validity, extensions }
  return { cert: signed(content, signer), key: pemOf(privateKey) }
}

type Content = Readonly<{
  issuer: Buffer
  subject: Buffer
  publicKey: KeyObject
  validity: Validity
  extensions: readonly Buffer[]
}>

/** §4.1: what is to be signed, the algorithm, the signature. */
function signed({ issuer, subject, publicKey, validity, extensions }: Content, signer: KeyObject): string {
  const version3 = explicit(0, integer(Buffer.from([2])))
  const serial = integer(Buffer.from([0x40, ...randomBytes(15)])) // §4.1.2.2: positive, at most 20 octets
  const period = sequence(time(validity.notBeforeMs), time(validity.notAfterMs))
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const parts = [version3, serial, SHA256_WITH_RSA, issuer, period, subject, publicKeyInfo]
  const content = sequence(...parts, explicit(3, sequence(...extensions)))
  const whole = sequence(content, SHA256_WITH_RSA, bits(sign('sha256', content, signer)))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value))
}

const attribute = (id: string, text: string) => set(sequence(oid(id), printable(text)))

function encodeName({ commonName, organization }: Name): Buffer {
  return sequence(attribute(ORGANIZATION, organization), attribute(COMMON_NAME, commonName))
}

async function newKeys(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS })
}

/** §4.2.1.2, method 1: SHA-1 of the public key itself. */
function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'pkcs1', format: 'der' }))
    .digest()
}

/** What a certificate says of its owner, as the very bytes: verifiers compare names and key identifiers so. */
function readIssuer(cert: string): { subject: Buffer; keyId: Buffer | undefined } {
  const [certificate] = elements(new X509Certificate(cert).raw)
  const [content] = elements(certificate?.content ?? Buffer.of())
  const parts = elements(content?.content ?? Buffer.of())
  const version = parts[0]?.tag === 0xa0 ? 1 : 0
  const subject = parts[version + 4] // §4.1: version, serial number, signature, issuer, validity, subject
  const extensions = elements(parts.find(({ tag }) => tag === 0xa3)?.content ?? Buffer.of())[0]
  const identifier = elements(extensions?.content ?? Buffer.of())
    .map(({ content: inside }) => elements(inside))
    .find(([id]) => id?.whole.equals(oid(SUBJECT_KEY_IDENTIFIER)))
    ?.at(-1)
  return { subject: subject?.whole ?? sequence(), keyId: identifier && elements(identifier.content)[0]?.content }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString()
}
