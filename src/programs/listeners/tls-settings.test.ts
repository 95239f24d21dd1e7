// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { readTlsFlags, type TlsFlags, type TlsSettings } from './tls-settings.ts'

const NONE: TlsFlags = { minVersion: '', cipherSuites: [], curves: [] }
const TLS13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

const GOOD: [string, Partial<TlsFlags>, TlsSettings][] = [
  ['nothing', {}, { minVersion: 'TLSv1.3' }],
  ['TLS 1.3', { minVersion: 'VersionTLS13' }, { minVersion: 'TLSv1.3' }],
  ['TLS 1.2', { minVersion: 'VersionTLS12' }, { minVersion: 'TLSv1.2' }],
  [
    'suites, those of TLS 1.3 always among them',
    {
      minVersion: 'VersionTLS12',
      cipherSuites: [
        'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      ],
    },
    { minVersion: 'TLSv1.2', ciphers: `${TLS13}:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305` },
  ],
  [
    'curves, in their order',
    { curves: ['29', '23', '24', '25', '4588', '4587', '4589'] },
    {
      minVersion: 'TLSv1.3',
      ecdhCurve: 'X25519:P-256:P-384:P-521:X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024',
    },
  ],
]
for (const [name, flags, settings] of GOOD) {
  test(name, () => {
    assert.deepEqual(readTlsFlags({ ...NONE, ...flags }), { ok: true, settings })
    createSecureContext(settings) // throws where OpenSSL does not know a word
  })
}

const BAD: [string, Partial<TlsFlags>, RegExp][] = [
  ['a version that is too old', { minVersion: 'VersionTLS11' }, /^--tls-min-version is "VersionTLS11", which is not/],
  ['a version in other words', { minVersion: '1.2' }, /^--tls-min-version is "1\.2"/],
  [
    'suites without saying that TLS 1.2 is meant',
    { cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] },
    /^--tls-cipher-suites counts for TLS 1\.2 only: .*--tls-min-version=VersionTLS12$/,
  ],
  [
    'suites with TLS 1.3',
    { minVersion: 'VersionTLS13', cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
    /^--tls-cipher-suites counts for TLS 1\.2 only/,
  ],
  [
    'a suite by its OpenSSL name',
    { minVersion: 'VersionTLS12', cipherSuites: ['AES128-SHA'] },
    /^--tls-cipher-suites has AES128-SHA, which this program does not have; it has TLS_RSA_WITH_AES_128_CBC_SHA, /,
  ],
  [
    'a suite that nobody should use',
    { minVersion: 'VersionTLS12', cipherSuites: ['TLS_RSA_WITH_3DES_EDE_CBC_SHA'] },
    /^--tls-cipher-suites has TLS_RSA_WITH_3DES_EDE_CBC_SHA, which/,
  ],
  ['a curve by name', { curves: ['X25519'] }, /^--tls-curve-preferences has "X25519", which is not a number from 1 to/],
  ['curve 0', { curves: ['0'] }, /^--tls-curve-preferences has "0"/],
  ['a curve above 16 bits', { curves: ['65536'] }, /^--tls-curve-preferences has "65536"/],
  ['a negative curve', { curves: ['-1'] }, /^--tls-curve-preferences has "-1"/],
  ['a curve we lack', { curves: ['30'] }, /^--tls-curve-preferences has 30, .*; it has 23 \(P-256\), /],
  ['a curve twice', { curves: ['23', '29', '23'] }, /^--tls-curve-preferences has 23 \(P-256\) twice$/],
]
for (const [name, flags, message] of BAD) {
  test(`refused: ${name}`, () => {
    const reading = readTlsFlags({ ...NONE, ...flags })
    assert.match(reading.ok ? 'ok' : reading.message, message)
  })
}
