// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, pool } from '../../test/model/objects.ts'
import { parseIp } from '../lib/ip.ts'

const { model } = load(
  pool('low', ['192.0.2.0/28', '192.0.2.32-192.0.2.40', '::1/128']),
  pool('high', ['192.0.2.16/28', '198.51.100.0/24', '2001:db8::/64']),
)

const CASES: readonly (readonly [string, string | undefined])[] = [
  ['192.0.1.255', undefined],
  ['192.0.2.0', 'low'],
  ['192.0.2.15', 'low'],
  ['192.0.2.16', 'high'],
  ['192.0.2.31', 'high'],
  ['192.0.2.40', 'low'],
  ['192.0.2.41', undefined],
  ['198.51.100.255', 'high'],
  ['255.255.255.255', undefined],
  ['0.0.0.1', undefined],
  ['::1', 'low'],
  ['2001:db8::ffff:ffff:ffff:ffff', 'high'],
  ['2001:db8:0:1::', undefined],
]
for (const [text, expected] of CASES) {
  test(`${text} is in ${expected ?? 'no pool'}`, () => {
    const ip = parseIp(text)
    assert.ok(ip)
    assert.equal(model?.poolIndex.find(ip)?.name, expected)
  })
}

const GROUPS: readonly (readonly [readonly string[], string | undefined])[] = [
  [['192.0.2.1', '::1'], 'low'],
  [['192.0.2.1', '2001:db8::1'], undefined],
  [['192.0.2.1', '10.0.0.1'], undefined],
  [[], undefined],
]
for (const [texts, expected] of GROUPS) {
  test(`${texts.join(' and ') || 'nothing'}: ${expected ?? 'no common pool'}`, () => {
    assert.equal(model?.poolIndex.findAll(texts.flatMap((text) => parseIp(text) ?? []))?.name, expected)
  })
}
