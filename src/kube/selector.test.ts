// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldFilter } from './selector.ts'

const OBJECT = { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', port: 80 } }

const SELECTORS: [string, boolean][] = [
  ['spec.type=LoadBalancer', true],
  ['spec.type==LoadBalancer', true],
  ['spec.type!=LoadBalancer', false],
  ['spec.type=ClusterIP', false],
  ['spec.type!=ClusterIP', true],
  ['spec.type=LoadBalancer,metadata.name=web', true],
  ['spec.type=LoadBalancer,metadata.name!=web', false],
  ['spec.nodeName=', true],
  ['spec.nodeName!=', false],
  ['spec.port=80', false],
  ['spec.constructor=x', false],
]
for (const [selector, expected] of SELECTORS) {
  test(selector, () => assert.equal(fieldFilter(selector)(OBJECT), expected))
}
for (const object of [null, 'x', [], { spec: null }]) {
  test(`nothing is selected of ${JSON.stringify(object)}`, () => {
    assert.equal(fieldFilter('spec.type=LoadBalancer')(object), false)
  })
}
