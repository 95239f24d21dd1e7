// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../lib/object.ts'
import { CRD_NAME, injectionOf, trusts } from './injection.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n'
const OTHER = '-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n'
const base64 = (text: string) => Buffer.from(text).toString('base64')

const metadata = { name: 'x', namespace: '', labels: {}, annotations: {} }
const configuration = (...bundles: readonly (string | undefined)[]): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata,
  webhooks: bundles.map((caBundle, index) => ({ name: `w${index}`, clientConfig: { caBundle } })),
})
const crd = (strategy: string, caBundle?: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { ...metadata, name: CRD_NAME },
  spec: { conversion: { strategy, webhook: { clientConfig: { caBundle } } } },
})
const add = (path: string) => ({ op: 'add', path: `${path}/caBundle`, value: base64(PEM) })
const testOf = (path: string, value: string) => ({ op: 'test', path, value })
const CONVERSION = '/spec/conversion/webhook/clientConfig'

/** [name, object, what is patched when the bundle is PEM] */
const PATCHES: readonly (readonly [string, KubeObject, readonly unknown[] | null])[] = [
  ['all have it', configuration(base64(PEM), base64(PEM)), null],
  ['no webhooks', configuration(), null],
  ['webhooks are no list', { ...configuration(), webhooks: 'x' }, null],
  [
    'one lacks it',
    configuration(base64(PEM), undefined),
    [testOf('/webhooks/1/name', 'w1'), add('/webhooks/1/clientConfig')],
  ],
  [
    'one has another',
    configuration(base64(OTHER)),
    [testOf('/webhooks/0/name', 'w0'), add('/webhooks/0/clientConfig')],
  ],
  [
    'one has more',
    configuration(base64(PEM + OTHER)),
    [testOf('/webhooks/0/name', 'w0'), add('/webhooks/0/clientConfig')],
  ],
  ['a conversion lacks it', crd('Webhook'), [testOf('/spec/conversion/strategy', 'Webhook'), add(CONVERSION)]],
  ['a conversion has it', crd('Webhook', base64(PEM)), null],
  ['no conversion by webhook', crd('None'), null],
]
for (const [name, object, patch] of PATCHES) {
  test(`injection: ${name}`, () => assert.deepEqual(injectionOf(object, PEM), patch))
}

/** [name, object, whether callers trust PEM] */
const TRUST: readonly (readonly [string, KubeObject, boolean])[] = [
  ['all have it', configuration(base64(PEM), base64(OTHER + PEM)), true],
  ['one lacks it', configuration(base64(PEM), base64(OTHER)), false],
  ['one has nothing', configuration(undefined), false],
  ['other line ends', configuration(base64(PEM.replaceAll('\n', '\r\n'))), true],
  ['nobody calls', configuration(), true],
  ['a conversion lacks it', crd('Webhook'), false],
  ['no conversion by webhook', crd('None'), true],
]
for (const [name, object, expected] of TRUST) {
  test(`trust: ${name}`, () => assert.equal(trusts(object, PEM), expected))
}
