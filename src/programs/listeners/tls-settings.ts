// SPDX-License-Identifier: Apache-2.0
/**
 * `--tls-min-version`, `--tls-cipher-suites` and `--tls-curve-preferences` with Go's names and numbers, since existing
 * manifests have those, as what OpenSSL wants to hear. As in Go, the suites of TLS 1.3 are not a matter of choice.
 */

export type TlsFlags = Readonly<{
  /** '' or VersionTLS13 or VersionTLS12. */
  minVersion: string
  /** Go's names; empty: the default. */
  cipherSuites: readonly string[]
  /** Go's CurveIDs as text, the preferred first; empty: the default. */
  curves: readonly string[]
}>

/** For tls.createServer. */
export type TlsSettings = Readonly<{ minVersion: 'TLSv1.2' | 'TLSv1.3'; ciphers?: string; ecdhCurve?: string }>

export type TlsReading =
  | Readonly<{ ok: true; settings: TlsSettings }>
  | Readonly<{
      ok: false
      /** One sentence that names the flag. */
      message: string
    }>

const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** Go's names of suites before TLS 1.3. Those with RC4 or 3DES are left out: OpenSSL does not have them any more. */
const SUITES: ReadonlyMap<string, string> = new Map([
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...TLS13_SUITES.map((name) => [name, name] as const),
])

/** Go's CurveIDs, which are the numbers of the IANA registry. */
const CURVES: ReadonlyMap<number, string> = new Map([
  [23, 'P-256'],
  [24, 'P-384'],
  [25, 'P-521'],
  [29, 'X25519'],
  [4587, 'SecP256r1MLKEM768'],
  [4588, 'X25519MLKEM768'],
  [4589, 'SecP384r1MLKEM1024'],
])

/** What the three flags say together. */
export function readTlsFlags({ minVersion, cipherSuites, curves }: TlsFlags): TlsReading {
  if (!['', 'VersionTLS12', 'VersionTLS13'].includes(minVersion)) {
    return no(`--tls-min-version is ${JSON.stringify(minVersion)}, which is not one of VersionTLS12, VersionTLS13`)
  }
  const version = minVersion === 'VersionTLS12' ? 'TLSv1.2' : 'TLSv1.3'
  const suites = readSuites(cipherSuites, version)
  if (!suites.ok) return suites
  const groups = readCurves(curves)
  if (!groups.ok) return groups
  const settings: TlsSettings = {
    minVersion: version,
    ...(suites.names.length > 0 && { ciphers: [...TLS13_SUITES, ...suites.names].join(':') }),
    ...(groups.names.length > 0 && { ecdhCurve: groups.names.join(':') }),
  }
  return { ok: true, settings }
}

type Names = Readonly<{ ok: true; names: readonly string[] }> | Readonly<{ ok: false; message: string }>

function readSuites(suites: readonly string[], version: TlsSettings['minVersion']): Names {
  if (suites.length > 0 && version === 'TLSv1.3') {
    return no('--tls-cipher-suites counts for TLS 1.2 only: leave it out, or add --tls-min-version=VersionTLS12')
  }
  const unknown = suites.filter((name) => !SUITES.has(name))
  if (unknown.length > 0) {
    const known = [...SUITES.keys()].join(', ')
    return no(`--tls-cipher-suites has ${unknown.join(', ')}, which this program does not have; it has ${known}`)
  }
  const names = suites.flatMap((name) => SUITES.get(name) ?? []).filter((name) => !TLS13_SUITES.includes(name))
  return { ok: true, names: [...new Set(names)] }
}

function readCurves(curves: readonly string[]): Names {
  const names: string[] = []
  for (const text of curves) {
    const id = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (id < 1 || id > 65_535) {
      return no(`--tls-curve-preferences has ${JSON.stringify(text)}, which is not a number from 1 to 65535`)
    }
    const name = CURVES.get(id)
    if (name === undefined) {
      const known = [...CURVES].map(([number, word]) => `${number} (${word})`).join(', ')
      return no(`--tls-curve-preferences has ${id}, which this program does not have; it has ${known}`)
    }
    if (names.includes(name)) return no(`--tls-curve-preferences has ${id} (${name}) twice`)
    names.push(name)
  }
  return { ok: true, names }
}

function no(message: string): Readonly<{ ok: false; message: string }> {
  return { ok: false, message }
}
