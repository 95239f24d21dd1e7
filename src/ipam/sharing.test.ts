// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Terms, Usage } from './sharing.ts'

const terms = (key: string, port: number): Terms => ({
  sharingKey: key,
  backendKey: '',
  key: key && JSON.stringify([key, '']),
  ports: [`TCP/${port}`],
})

const ARRIVALS: readonly (readonly string[])[] = [
  ['a', 'b', 'c', 'd', 'e'],
  ['e', 'd', 'c', 'b', 'a'],
  ['c', 'a', 'e', 'd', 'b'],
]
for (const arrivals of ARRIVALS) {
  test(`a refusal names the same users whether they came as ${arrivals.join(', ')} or otherwise`, () => {
    const usage = new Usage()
    for (const [index, user] of arrivals.entries()) usage.add(user, terms('k', index))
    const conflict = usage.conflict('b', terms('', 80))
    assert.deepEqual(conflict?.type === 'key' && conflict.users, ['a', 'c', 'd'])
  })
}
