// SPDX-License-Identifier: Apache-2.0
/** What is secret or may be replaced while we run: read from its files anew every now and then, never per request. */
import { createSecureContext } from 'node:tls'
import { Fault, reasonOf } from '../lib/fault.ts'
import { bad, type KubeConfig, type Material, readMaterial } from './config.ts'

/** Tokens live an hour or so and are replaced well before they end. */
const REREAD_MS = 60_000

/** For tls.connect. */
export type TlsMaterial = Readonly<{
  ca?: string
  cert?: string
  key?: string
  servername?: string
  rejectUnauthorized: boolean
}>

type Read = (material: Material, what: string) => string

/** A Material as last read. While its file cannot be read, it stays as it was: rotation may be under way. */
class Cached {
  readonly #material: Material
  readonly #what: string
  readonly #read: Read
  #text: string

  constructor(material: Material, what: string, read: Read = readMaterial) {
    this.#material = material
    this.#what = what
    this.#read = read
    this.#text = read(material, what)
  }

  get text(): string {
    return this.#text
  }

  /** Whether it is another one now. */
  reread(): boolean {
    const before = this.#text
    try {
      this.#text = this.#read(this.#material, this.#what)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      return false
    }
    return this.#text !== before
  }
}

/** What a header cannot carry is no token, and must not end the process when it is sent. */
function readToken(material: Material, what: string): string {
  const text = readMaterial(material, what).trim()
  if (/^[!-~]+$/.test(text)) return text
  const where = 'file' in material ? material.file : 'the token of the kubeconfig'
  throw bad(`cannot read ${where}: it holds more than one line or what is no text; expected ${what}`)
}

export class Credentials {
  readonly #config: KubeConfig
  readonly #token: Cached | null
  readonly #tls: Readonly<Record<'ca' | 'cert' | 'key', Cached | null>>
  #readAtMs: number
  #tlsEpoch = 0

  /** Reads all files; throws a Fault that names the one it cannot use. */
  constructor(config: KubeConfig, nowMs: number) {
    const { authority, certificate, token } = config
    this.#config = config
    this.#readAtMs = nowMs
    this.#token = token && new Cached(token, 'a token', readToken)
    this.#tls = {
      ca: authority && new Cached(authority, 'certificates of authorities in PEM'),
      cert: certificate && new Cached(certificate.certificate, 'a client certificate in PEM'),
      key: certificate && new Cached(certificate.key, 'the key of the client certificate in PEM'),
    }
    try {
      createSecureContext(this.tls())
    } catch (thrown) {
      throw bad(`the certificates of the API server's credentials cannot be used: ${reasonOf(thrown)}`, thrown)
    }
  }

  /** Looks into the files if that was long ago. */
  refresh(nowMs: number): void {
    if (nowMs - this.#readAtMs >= REREAD_MS) this.reread(nowMs)
  }

  /** Looks into the files now; true when there is another token. */
  reread(nowMs: number): boolean {
    this.#readAtMs = nowMs
    const changed = Object.values(this.#tls).filter((cached) => cached?.reread())
    if (changed.length > 0) this.#tlsEpoch++
    return this.#token?.reread() ?? false
  }

  /** For the header Authorization; null where we have no token. */
  get authorization(): string | null {
    return this.#token ? `Bearer ${this.#token.text}` : null
  }

  /** Grows whenever `tls()` is another one than before. */
  get tlsEpoch(): number {
    return this.#tlsEpoch
  }

  tls(): TlsMaterial {
    const { ca, cert, key } = this.#tls
    const { insecure, serverName } = this.#config
    return {
      ...(ca && { ca: ca.text }),
      ...(cert && { cert: cert.text }),
      ...(key && { key: key.text }),
      ...(serverName !== null && { servername: serverName }),
      rejectUnauthorized: !insecure,
    }
  }
}
