// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gate, gateKey, gateOf } from './gate.ts'

const CASES: [string, Record<string, string>, number | null, Gate | null][] = [
  ['none', {}, null, null],
  ['a port', { 'metallb.io/healthCheckNodePort': '8080' }, null, { port: 8080, path: '/' }],
  ['MetalLB’s older prefix', { 'metallb.universe.tf/healthCheckNodePort': '8080' }, null, { port: 8080, path: '/' }],
  ['kube-proxy’s port', { 'metallb.io/healthCheckNodePort': '32100' }, 32_100, { port: 32_100, path: '/healthz' }],
  ['another than kube-proxy’s', { 'metallb.io/healthCheckNodePort': '8080' }, 32_100, { port: 8080, path: '/' }],
  ['kube-proxy’s port alone', {}, 32_100, null],
  ['the highest port', { 'metallb.io/healthCheckNodePort': '65535' }, null, { port: 65_535, path: '/' }],
  ...['0', '65536', '080', '-1', '8080 ', 'http', '', '1e3', '99999'].map(
    (value): [string, Record<string, string>, number | null, Gate | null] => [
      `no port: "${value}"`,
      { 'metallb.io/healthCheckNodePort': value },
      null,
      null,
    ],
  ),
]
for (const [name, annotations, healthCheckNodePort, expected] of CASES) {
  test(`gate: ${name}`, () => assert.deepEqual(gateOf({ annotations, healthCheckNodePort }), expected))
}

test('a gate as text', () => {
  assert.equal(gateKey({ port: 8080, path: '/' }), '8080/')
  assert.equal(gateKey({ port: 32_100, path: '/healthz' }), '32100/healthz')
})
