// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { bundleHas, bundleOf, type Need, needOf, type Stored, usableOf } from './certificate-state.ts'
import { makeCertificates } from './make-certificates.ts'

const HOST = 'metallb-webhook-service.metallb-system.svc'
const DAY_MS = 86_400_000
const START = Date.UTC(2026, 0, 1)
const EMPTY: Stored = { 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' }
const at = (days: number, host = HOST) => ({ nowMs: START + days * DAY_MS, host })

/** As if a controller looked on that day. */
async function keep(stored: Stored, days: number): Promise<Stored> {
  const need = needOf(stored, at(days))
  return need === 'nothing' ? stored : await makeCertificates(stored, need, at(days))
}

const fresh = await keep(EMPTY, 0)
const other = await keep(EMPTY, 0)
/** Nine years and more on: the authority has 80 days left, and so has its last certificate at most. */
const LATE = 3570
const old = await makeCertificates(fresh, 'serving', at(LATE - 300))
const rotated = await keep(old, LATE)

/** Somebody's own authority, valid for a hundred years from day 324 on. Its key is of Ed25519: 32 octets 01. */
const FOREIGN_CERTIFICATE =
  'MIIBNDCB56ADAgECAhR5ib33OZ5ILbHuknbJ1Ybmnc6Q1zAFBgMrZXAwDzENMAsGA1UEAwwEY2VydDAgFw0yNjExMjExNTI5MzRa' +
  'GA8yMTI2MTAyODE1MjkzNFowDzENMAsGA1UEAwwEY2VydDAqMAUGAytlcAMhAIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0' +
  'D29co1MwUTAdBgNVHQ4EFgQUmtGeDxbu9xTLkMbxldvOZulFgPkwHwYDVR0jBBgwFoAUmtGeDxbu9xTLkMbxldvOZulFgPkwDwYD' +
  'VR0TAQH/BAUwAwEB/zAFBgMrZXADQQB60m/kDzM+hoS7znth/7pLwepLYVEIMBAJGLacVN0acprRg7qAYGb0Kw+WerPFEyg1F4a7' +
  'IdJWR7msNjPYuuoM'
const pemOf = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const FOREIGN_KEY = createPrivateKey({
  key: Buffer.concat([ED25519_PKCS8, Buffer.alloc(32, 1)]),
  format: 'der',
  type: 'pkcs8',
})
const foreign: Stored = {
  ...EMPTY,
  'ca.crt': pemOf(FOREIGN_CERTIFICATE),
  'ca.key': FOREIGN_KEY.export({ format: 'pem', type: 'pkcs8' }).toString(),
}

/** Its key is of an algorithm that nobody knows. */
const KEYLESS = Buffer.from(FOREIGN_CERTIFICATE, 'base64')
  .toString('hex')
  .replace('302a300506032b6570', '302a300506032b657f')
const keyless = pemOf(Buffer.from(KEYLESS, 'hex').toString('base64'))

/** [what the Secret holds, content, day, what is needed] */
const NEEDS: readonly (readonly [string, Stored, number, Need])[] = [
  ['nothing at all', EMPTY, 0, 'everything'],
  ['what was just made', fresh, 0, 'nothing'],
  ['a server certificate with 91 days left', fresh, 365 - 91, 'nothing'],
  ['a server certificate with 89 days left', fresh, 365 - 89, 'serving'],
  ['a server certificate that ran out', fresh, 366, 'serving'],
  ['no server certificate', { ...fresh, 'tls.crt': '' }, 0, 'serving'],
  ['a server certificate with another key', { ...fresh, 'tls.key': other['tls.key'] }, 0, 'serving'],
  [
    'a server certificate of another authority',
    { ...fresh, 'tls.crt': other['tls.crt'], 'tls.key': other['tls.key'] },
    0,
    'serving',
  ],
  ['nonsense for the server', { ...fresh, 'tls.crt': 'x', 'tls.key': 'y' }, 0, 'serving'],
  ['the key of another authority', { ...fresh, 'ca.key': other['ca.key'] }, 0, 'authority'],
  ['no key of the authority', { ...fresh, 'ca.key': '' }, 0, 'authority'],
  ['no authority', { ...fresh, 'ca.crt': '' }, 0, 'everything'],
  ['nonsense for the authority', { ...fresh, 'ca.crt': 'x' }, 0, 'everything'],
  ['an authority that is none', { ...fresh, 'ca.crt': fresh['tls.crt'], 'ca.key': fresh['tls.key'] }, 0, 'everything'],
  ['an authority with 80 days left', old, LATE, 'authority'],
  ['a new authority beside it', rotated, LATE, 'nothing'],
  ['a new authority, half a day later', rotated, LATE + 0.5, 'serving'],
  ['an authority whose key we do not sign with', foreign, 400, 'everything'],
  ['an authority with a key that nobody knows', { ...fresh, 'ca.crt': keyless }, 330, 'everything'],
  ['all run out', old, 3651, 'everything'],
  ['made in the future', fresh, -1, 'everything'],
]
for (const [name, stored, days, need] of NEEDS) {
  test(`the Secret holds ${name}: ${need} is needed`, () => assert.equal(needOf(stored, at(days)), need))
}

test('another name of the Service needs another server certificate', () => {
  assert.equal(needOf(fresh, at(0, 'other.metallb-system.svc')), 'serving')
  assert.equal(usableOf(fresh, at(0, 'other.metallb-system.svc')), null)
})

test('years and names are those of MetalLB', () => {
  const [authority, serving] = [new X509Certificate(fresh['ca.crt']), new X509Certificate(fresh['tls.crt'])]
  assert.equal(authority.subject, 'O=metallb\nCN=cert')
  assert.equal(authority.validToDate.getTime() - START, 3650 * DAY_MS)
  assert.equal(serving.validToDate.getTime() - START, 365 * DAY_MS)
  assert.equal(serving.subjectAltName, `DNS:${HOST}, DNS:${HOST}.cluster.local`)
})

test('while an authority changes, callers trust what servers show, however late they hear of it', async () => {
  const [before] = [usableOf(old, at(LATE))]
  // The day it is made: the server shows the old one's signature, and the bundle has both.
  const during = usableOf(rotated, at(LATE))
  assert.deepEqual(during?.identity, before?.identity)
  assert.ok(bundleHas(bundleOf(old, at(LATE).nowMs), during?.issuer ?? ''))
  // Later the server shows the new one's, which callers have heard of, and the bundle still has both.
  const later = await keep(rotated, LATE + 0.5)
  const after = usableOf(later, at(LATE + 0.5))
  assert.ok(bundleHas(bundleOf(rotated, at(LATE).nowMs), after?.issuer ?? ''))
  assert.equal(bundleHas(bundleOf(old, at(LATE).nowMs), after?.issuer ?? ''), false)
  assert.ok(bundleHas(bundleOf(later, at(LATE + 79).nowMs), during?.issuer ?? ''))
  // When the old one has run out, nobody trusts it any more.
  assert.equal(bundleHas(bundleOf(later, at(LATE + 81).nowMs), during?.issuer ?? ''), false)
  assert.ok(bundleHas(bundleOf(later, at(LATE + 81).nowMs), after?.issuer ?? ''))
})

test('a year is survived by looking every twelve hours, without a moment when nothing can be shown', async () => {
  let stored = fresh
  for (let days = 270; days < 280; days += 0.5) {
    stored = await keep(stored, days)
    assert.ok(usableOf(stored, at(days)))
  }
  assert.notEqual(stored['tls.crt'], fresh['tls.crt'])
  assert.equal(stored['ca.crt'], fresh['ca.crt'])
  assert.ok(usableOf(stored, at(600)))
})

test('beside an authority whose key we do not sign with comes one of ours, and both are trusted', async () => {
  const made = await keep(foreign, 400)
  assert.equal(needOf(made, at(400)), 'nothing')
  assert.ok(usableOf(made, at(400)))
  assert.ok(bundleHas(bundleOf(made, at(400).nowMs), foreign['ca.crt']))
})
