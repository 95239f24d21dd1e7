// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compareVersions, Versions } from './versions.ts'

const KEY = 'Service/default/web'

const STORIES: [string, (versions: Versions) => boolean, boolean][] = [
  ['the first version of an object is news', (versions) => versions.saw(KEY, '7'), true],
  ['the same version again is not older', (versions) => versions.saw(KEY, '7') && versions.saw(KEY, '7'), true],
  ['an older one is', (versions) => versions.saw(KEY, '10') && versions.saw(KEY, '9'), false],
  [
    'objects do not know of each other',
    (versions) => versions.saw(KEY, '10') && versions.saw('Service/a/b', '9'),
    true,
  ],
  [
    'what our own write was answered counts',
    (versions) => {
      versions.saw(KEY, '10')
      versions.wrote(KEY, '12')
      return versions.saw(KEY, '11')
    },
    false,
  ],
  [
    'an answer that comes late takes nothing back',
    (versions) => {
      versions.saw(KEY, '10')
      versions.wrote(KEY, '8')
      return versions.saw(KEY, '9')
    },
    false,
  ],
  [
    'an object that comes back after its deletion starts anew',
    (versions) => {
      versions.saw(KEY, '10')
      versions.forget(KEY)
      return versions.saw(KEY, '9')
    },
    true,
  ],
]
for (const [name, play, expected] of STORIES) {
  test(name, () => assert.equal(play(new Versions()), expected))
}

test('neither a deleted object nor one that nobody watches takes room', () => {
  const versions = new Versions()
  versions.wrote('ServiceL2Status/metallb-system/l2-x', '3')
  versions.saw(KEY, '10')
  versions.forget(KEY)
  versions.wrote(KEY, '11')
  assert.equal(versions.size, 0)
})

test('versions compare as the integers they are', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 70n })
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(Math.sign(compareVersions(`${a}`, `${b}`)), a < b ? -1 : a > b ? 1 : 0)
    }),
  )
})
