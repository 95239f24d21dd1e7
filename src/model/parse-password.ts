// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { Reporter } from './report.ts'
import type { BGPPeerSpec } from './resources.generated.ts'
import { list, quote, shorten } from './wording.ts'

const TYPES: ReadonlySet<unknown> = new Set(['kubernetes.io/basic-auth', 'Opaque'])
const DEFAULT_KEY = 'password'
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** The password of a session, from the object itself or its Secret (in our own namespace); null where it has none. */
export function parsePassword(
  spec: Partial<BGPPeerSpec>,
  findSecret: (name: string) => KubeObject | undefined,
  reporter: Reporter,
): string | null {
  const { name = '', key = DEFAULT_KEY } = spec.passwordSecret ?? {}
  if (name === '') return spec.password || null
  if (spec.password) {
    const message = `password and passwordSecret ${shorten(name)} are both set; remove password`
    reporter.error('contradictingPassword', 'spec.password', message)
  }
  const secret = findSecret(name)
  if (!secret) {
    const message = `there is no Secret ${shorten(name)} in the namespace of this BGPPeer; create it with key ${shorten(key)}`
    reporter.transient('unknownSecret', 'spec.passwordSecret.name', message)
    return null
  }
  const { type = 'Opaque' } = secret
  if (!TYPES.has(type)) {
    const found = typeof type === 'string' ? type : JSON.stringify(type)
    const message = `Secret ${name} is of type ${quote(found)}; it must be kubernetes.io/basic-auth or Opaque`
    reporter.error('invalidSecret', 'spec.passwordSecret.name', message)
  }
  const value = readKey(secret, key)
  if (value.ok) return value.password || null
  reporter.error('invalidSecret', 'spec.passwordSecret.key', `Secret ${name} ${value.flaw}`)
  return null
}

type Value = { ok: true; password: string } | { ok: false; flaw: string }

/** `stringData` is plain text and wins over `data`, which is base64. No message may ever repeat a value. */
function readKey(secret: KubeObject, key: string): Value {
  const [plain, encoded] = [entriesOf(secret.stringData), entriesOf(secret.data)]
  if (plain.has(key)) {
    const password = plain.get(key)
    if (typeof password === 'string') return { ok: true, password }
    return { ok: false, flaw: `has something other than text under stringData key ${quote(key)}; write text` }
  }
  const value = encoded.get(key)
  if (value === undefined) {
    const keys = [...new Set([...plain.keys(), ...encoded.keys()])].toSorted()
    const others = keys.length === 0 ? 'it is empty' : `it has ${list(keys)}`
    return { ok: false, flaw: `has no key ${quote(key)}, ${others}; name the right one in passwordSecret.key` }
  }
  // The API server takes line breaks in base64 as well; a YAML block ends in one.
  const password = typeof value === 'string' ? value.replace(/[\r\n]/g, '') : '!'
  if (password.length % 4 !== 0 || !BASE64.test(password))
    return { ok: false, flaw: `has something other than base64 under data key ${quote(key)}; encode it` }
  return { ok: true, password: Buffer.from(password, 'base64').toString('utf8') }
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}
