// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { KubeObject, ObjectEvent } from '../lib/object.ts'
import { keyOf } from '../lib/object.ts'
import { Known } from './known.ts'
import { SERVICES } from './resource.ts'
import { Trimmer } from './trim.ts'
import { Versions } from './versions.ts'

const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels: {}, annotations: {}, resourceVersion: String(version) },
})

const said = (event: ObjectEvent | null): string[] =>
  event ? [`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion ?? ''}`.trim()] : []

class Scene {
  readonly versions = new Versions()
  readonly known = new Known(this.versions, new Trimmer(SERVICES))

  list(...objects: readonly KubeObject[]): string[] {
    return [...this.known.replace(objects)].flatMap(said)
  }

  apply(name: string, version: number): string[] {
    return said(this.known.apply(object(name, version)))
  }

  delete(name: string, version: number): string[] {
    return said(this.known.delete(object(name, version)))
  }
}

const STORIES: [string, (scene: Scene) => string[][], string[][]][] = [
  [
    'a first list is all new, the same list again is nothing',
    (scene) => [scene.list(object('a', 1), object('b', 2)), scene.list(object('a', 1), object('b', 2))],
    [['applied a 1', 'applied b 2'], []],
  ],
  [
    'a later list is the difference, what is gone first',
    (scene) => [
      scene.list(object('a', 1), object('b', 2), object('c', 3)),
      scene.list(object('b', 5), object('c', 3), object('d', 6)),
    ],
    [
      ['applied a 1', 'applied b 2', 'applied c 3'],
      ['deleted a', 'applied b 5', 'applied d 6'],
    ],
  ],
  [
    'a watch that repeats itself is no news',
    (scene) => [scene.apply('a', 4), scene.apply('a', 4), scene.apply('a', 3), scene.apply('a', 5)],
    [['applied a 4'], [], [], ['applied a 5']],
  ],
  ['what was never told cannot go', (scene) => [scene.delete('a', 4)], [[]]],
  [
    'what went and comes back is news, with an older version too',
    (scene) => [scene.apply('a', 4), scene.delete('a', 5), scene.delete('a', 5), scene.apply('a', 3)],
    [['applied a 4'], ['deleted a 5'], [], ['applied a 3']],
  ],
  [
    'what is older than our own write waits for what is newer, and our own write is told once',
    (scene) => {
      const first = scene.apply('a', 4)
      scene.versions.wrote(keyOf('Service', 'default', 'a'), '7')
      return [first, scene.apply('a', 6), scene.apply('a', 7), scene.apply('a', 7)]
    },
    [['applied a 4'], [], ['applied a 7'], []],
  ],
  [
    'a history that was put back is news, as far as it goes',
    (scene) => {
      const first = scene.list(object('a', 104), object('b', 105))
      scene.known.rewind()
      return [first, scene.list(object('a', 4)), scene.list(object('a', 4))]
    },
    [['applied a 104', 'applied b 105'], ['deleted b', 'applied a 4'], []],
  ],
]
for (const [name, play, expected] of STORIES) {
  test(name, () => assert.deepEqual(play(new Scene()), expected))
}

test('whoever believes what is told has the last list', () => {
  const lists = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 8 })
  fc.assert(
    fc.property(lists, (rounds) => {
      const scene = new Scene()
      const believed = new Map<string, string>()
      const versions = new Map<string, number>()
      let version = 0
      for (const round of rounds) {
        const objects = Object.entries(round).map(([name, changed]) => {
          const now = changed || !versions.has(name) ? ++version : (versions.get(name) ?? 0)
          versions.set(name, now)
          return object(name, now)
        })
        for (const name of versions.keys()) if (!(name in round)) versions.delete(name)
        for (const event of scene.known.replace(objects)) {
          if (event?.type === 'applied')
            believed.set(event.object.metadata.name, event.object.metadata.resourceVersion ?? '')
          else if (event) believed.delete(event.object.metadata.name)
        }
        assert.deepEqual(believed, new Map([...versions].map(([name, at]) => [name, `${at}`])))
        assert.equal(scene.versions.size, versions.size)
      }
    }),
  )
})
