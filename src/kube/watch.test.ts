// SPDX-License-Identifier: Apache-2.0
/** What is asked of the server, and for how long it may be silent; what comes of its answers is in test/contract/. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi, KubeRequest } from './api.ts'
import { Known } from './known.ts'
import { SERVICES } from './resource.ts'
import { Slices } from './slices.ts'
import { Trimmer } from './trim.ts'
import { Versions } from './versions.ts'
import { Watch } from './watch.ts'

/** Runs a watch over these lines, and gives what it asked and where it is then. */
async function watch(lines: string, options: { hasBookmarks: boolean; random: number }) {
  const asked: KubeRequest[] = []
  const api: KubeApi = {
    request: () => Promise.reject(new Error('a watch only streams')),
    async *stream(request) {
      asked.push(request)
      yield Buffer.from(lines)
    },
    close: () => {},
  }
  const trimmer = new Trimmer(SERVICES)
  const batches: number[] = []
  const running = new Watch(
    {
      ...options,
      api,
      slices: new Slices(),
      signal: new AbortController().signal,
      path: '/api/v1/services',
      query: { labelSelector: 'a=b' },
      known: new Known(new Versions(), trimmer),
      take: (object) => trimmer.trim(object),
      trim: (object) => trimmer.trim(object),
      onOpen: () => {},
      onEvents: (events) => batches.push(events.length),
    },
    '7',
  )
  const failure: unknown = await running.run().catch((thrown: unknown) => thrown)
  const { position, sawBookmark } = running
  return { request: asked[0], position, sawBookmark, batches, failure }
}

const event = (type: string, name: string, resourceVersion: string) =>
  `${JSON.stringify({ type, object: { metadata: { name, resourceVersion } } })}\n`

const LIMITS: [string, { hasBookmarks: boolean; random: number }, string, number][] = [
  ['five minutes at least', { hasBookmarks: false, random: 0 }, '300', 330_000],
  ['ten at most', { hasBookmarks: false, random: 0.9999 }, '600', 630_000],
  ['two and a half minutes of silence where bookmarks come', { hasBookmarks: true, random: 0 }, '300', 150_000],
]
for (const [name, options, timeoutSeconds, timeoutMs] of LIMITS) {
  test(`a watch lasts ${name}`, async () => {
    const { request } = await watch('', options)
    const query = {
      labelSelector: 'a=b',
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: '7',
      timeoutSeconds,
    }
    assert.deepEqual([request?.query, request?.timeoutMs], [query, timeoutMs])
  })
}

const ANSWERS: [string, string, { position: string; sawBookmark: boolean; batches: number[] }][] = [
  ['nothing', '', { position: '7', sawBookmark: false, batches: [] }],
  [
    'events, told in one batch',
    event('ADDED', 'a', '8') + event('MODIFIED', 'a', '9') + event('DELETED', 'a', '10'),
    { position: '10', sawBookmark: false, batches: [3] },
  ],
  ['a bookmark', event('BOOKMARK', '', '12'), { position: '12', sawBookmark: true, batches: [] }],
  ['a type that we do not know', event('NEW', 'a', '8'), { position: '8', sawBookmark: false, batches: [1] }],
  ['an object without a name', '{"type":"ADDED","object":{}}\n', { position: '7', sawBookmark: false, batches: [] }],
  [
    'an error after an event: what came before is told, and counts',
    `${event('ADDED', 'a', '8')}{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}\n${event('ADDED', 'b', '9')}`,
    { position: '8', sawBookmark: false, batches: [1] },
  ],
  [
    'a line that is no JSON after an event',
    `${event('ADDED', 'a', '8')}oops\n`,
    { position: '8', sawBookmark: false, batches: [1] },
  ],
]
for (const [name, lines, expected] of ANSWERS) {
  test(`a watch that gives ${name}`, async () => {
    const { position, sawBookmark, batches, failure } = await watch(lines, { hasBookmarks: false, random: 0 })
    assert.deepEqual({ position, sawBookmark, batches }, expected)
    const refused = /oops|ERROR/.test(lines)
    assert.equal(failure instanceof Error, refused)
  })
}
