// SPDX-License-Identifier: Apache-2.0
/** What the source of objects makes of an API server's misfortunes, through the real client. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClient } from '../../src/kube/client.ts'
import { SERVICES } from '../../src/kube/resource.ts'
import { type Connection, type KubeSource, openSource, type Wanted } from '../../src/kube/source.ts'
import { Versions } from '../../src/kube/versions.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { keyOf } from '../../src/lib/object.ts'
import { KubeServer, type Refusal } from '../sim/kube-server.ts'
import { Recorder } from './object-source.ts'

/** Pauses pass at once and are noted; time passes when a story says so. */
class NotingClock implements Clock {
  readonly pauses: number[] = []
  #nowMs = 0

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void) {
    this.pauses.push(delayMs)
    this.#nowMs += delayMs
    const handle = setImmediate(fire)
    return { cancel: () => clearImmediate(handle) }
  }

  pass(ms: number): void {
    this.#nowMs += ms
  }
}

class Scene {
  readonly server: KubeServer
  readonly clock = new NotingClock()
  readonly versions = new Versions()
  readonly recorder = new Recorder()
  readonly log: { level: string; msg: string; error?: string }[] = []
  readonly connections: Connection[] = []
  readonly #closing: (() => void)[] = []

  constructor(server: KubeServer) {
    this.server = server
  }

  open(wanted: Partial<Wanted> = {}): KubeSource {
    const config = {
      server: new URL(this.server.url),
      authority: null,
      insecure: false,
      serverName: null,
      token: null,
      certificate: null,
      namespace: 'default',
    }
    const api = openClient(config, { userAgent: 'test/1' })
    const source = openSource({
      api,
      wanted: [{ resource: SERVICES, ...wanted }],
      versions: this.versions,
      log: createLog('info', (line) => this.log.push(JSON.parse(line))),
      clock: this.clock,
      random: () => 0,
      onConnection: (connection) => this.connections.push(connection),
    })
    this.#closing.push(() => {
      void source.stop()
      api.close()
    })
    return source
  }

  /** Opened, with the initial objects taken. */
  async started(wanted: Partial<Wanted> = {}): Promise<KubeSource> {
    const source = this.open(wanted)
    await source.start(this.recorder)
    await this.watching()
    this.recorder.take()
    return source
  }

  async watching(): Promise<void> {
    await this.until('a watch is open', () => this.server.watches > 0)
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (const end = performance.now() + 5000; !holds(); ) {
      assert(performance.now() < end, `never: ${what}; requests: ${this.server.requests.slice(-20).join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** All objects as they were told, deletions counted in. */
  told(): string[] {
    const names = new Set(this.recorder.events.map(({ object }) => object.metadata.name))
    return [...names].filter((name) => this.recorder.last(name)).toSorted()
  }

  close(): void {
    for (const close of this.#closing) close()
    this.server.close()
  }
}

const times = (count: number, refusal: Refusal): (() => Refusal | null) => {
  let left = count
  return () => (left-- > 0 ? refusal : null)
}
const METALLB = 'cannot list services: '

const STORIES: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  [
    'a list of several pages is one batch, and a watch goes on from there',
    async (scene) => {
      scene.server.pageSize = 2
      for (const name of ['a', 'b', 'c', 'd', 'e']) scene.server.apply(name)
      const { version } = scene.server
      await scene.open().start(scene.recorder)
      assert.deepEqual(
        scene.recorder.batches.map((batch) => batch.length),
        [5],
      )
      await scene.watching()
      assert.deepEqual(scene.server.requests, ['list', 'list+', 'list+', `watch ${version}`])
      scene.server.apply('f')
      await scene.recorder.applied('f')
    },
  ],
  [
    'a continue token that expires begins the list anew, and nothing comes twice',
    async (scene) => {
      scene.server.pageSize = 2
      for (const name of ['a', 'b', 'c']) scene.server.apply(name)
      scene.server.refuse = (what) => {
        if (what !== 'list+' || scene.server.requests.length > 2) return null
        scene.server.apply('d')
        scene.server.compact()
        return null
      }
      await scene.open().start(scene.recorder)
      assert.deepEqual(scene.recorder.take(), ['applied a', 'applied b', 'applied c', 'applied d'])
      assert.deepEqual(scene.server.requests.slice(0, 4), ['list', 'list+', 'list', 'list+'])
    },
  ],
  [
    'a watch cut anywhere goes on where it was',
    async (scene) => {
      await scene.started()
      scene.server.cutAfterBytes = 250 // between one and four events, mostly within a line
      const names = Array.from({ length: 40 }, (_, index) => `ä-${index}`)
      for (const [index, name] of names.entries()) {
        scene.server.apply(name, { spec: { type: 'x'.repeat(index) } })
        if (index % 5 === 4) await scene.recorder.applied(name)
      }
      await scene.recorder.applied('ä-39')
      assert.deepEqual(
        scene.recorder.take(),
        names.map((name) => `applied ${name}`),
      )
      assert.equal(scene.server.requests.filter((what) => what === 'list').length, 1)
    },
  ],
  [
    'what was compacted away is found by a list: only differences are told',
    async (scene) => {
      for (const name of ['stays', 'changes', 'goes']) scene.server.apply(name)
      await scene.started()
      scene.server.refuse = () => ({ status: 503 })
      scene.server.end({ cut: true })
      scene.server.apply('changes')
      scene.server.delete('goes')
      scene.server.apply('comes')
      scene.server.compact()
      scene.server.refuse = () => null
      await scene.recorder.applied('comes')
      assert.deepEqual(scene.recorder.take(), ['deleted goes', 'applied changes', 'applied comes'])
    },
  ],
  [
    'a server that was restored from a backup counts anew, and so do we',
    async (scene) => {
      for (const name of ['kept', 'lost', 'more']) scene.server.apply(name)
      await scene.started()
      scene.server.restore()
      scene.server.apply('kept')
      scene.server.end({ cut: true })
      await scene.recorder.until('what was lost is told', () => scene.recorder.events.length >= 3)
      assert.deepEqual(scene.recorder.take(), ['deleted lost', 'deleted more', 'applied kept'])
      await scene.watching()
      scene.server.apply('more')
      await scene.recorder.applied('more')
    },
  ],
  [
    'versions that are always too old do not make us list without pause',
    async (scene) => {
      await scene.started()
      scene.server.refuse = (what) => (what.startsWith('watch') ? { status: 410 } : null)
      scene.server.end({ cut: true })
      await scene.until('ten tries', () => scene.server.requests.length > 20)
      assert.deepEqual(
        scene.clock.pauses.slice(0, 6),
        [0, 0.5, 1, 2, 4, 8].map((s) => (s * 1000) / 2),
      )
      assert.equal(Math.max(...scene.clock.pauses), 15_000)
    },
  ],
  [
    'a watch that always ends at once is begun again ever more slowly',
    async (scene) => {
      await scene.started()
      for (let round = 0; round < 5; round++) {
        await scene.watching()
        scene.server.end({ cut: false })
      }
      await scene.until('pauses', () => scene.clock.pauses.length >= 5)
      assert.deepEqual(scene.clock.pauses.slice(0, 5), [0, 250, 500, 1000, 2000])
    },
  ],
  [
    'a watch that the server ends in good time is begun again at once, ever again',
    async (scene) => {
      await scene.started()
      for (let round = 0; round < 5; round++) {
        await scene.watching()
        scene.server.apply(`seen-${round}`)
        await scene.recorder.applied(`seen-${round}`) // so the client knows that the watch is open
        scene.clock.pass(300_000)
        const before = scene.server.requests.length
        scene.server.end({ cut: false })
        await scene.until('another watch', () => scene.server.requests.length > before)
      }
      assert.deepEqual(scene.clock.pauses, [])
    },
  ],
  [
    'bookmarks move the place to go on from',
    async (scene) => {
      await scene.started()
      const bookmark = { type: 'BOOKMARK', object: { kind: 'Service', metadata: { resourceVersion: '4711' } } }
      scene.server.write(`${JSON.stringify(bookmark)}\n`)
      await new Promise((resolve) => setTimeout(resolve, 50))
      scene.server.end({ cut: true })
      await scene.until('the watch goes on', () => scene.server.requests.includes('watch 4711'))
      assert.deepEqual(scene.recorder.take(), [])
    },
  ],
  [
    'thirty refusals with 500 lose nothing and are bounded',
    async (scene) => {
      await scene.started()
      scene.server.refuse = times(30, { status: 500 })
      scene.server.end({ cut: true })
      scene.server.apply('a')
      await scene.recorder.applied('a')
      assert.deepEqual(scene.recorder.take(), ['applied a'])
      assert.equal(scene.server.requests.filter((what) => what === 'list').length, 1)
      const waitedMs = scene.clock.pauses.reduce((sum, pause) => sum + pause, 0)
      assert(waitedMs > 300_000, `30 tries within ${waitedMs} ms`)
    },
  ],
  [
    'Retry-After counts from the first time on',
    async (scene) => {
      scene.server.apply('a')
      scene.server.refuse = times(3, { status: 429, headers: { 'Retry-After': '7' } })
      await scene.open().start(scene.recorder)
      assert.deepEqual(scene.clock.pauses, [7000, 7000, 7000])
      assert.deepEqual(scene.recorder.take(), ['applied a'])
    },
  ],
  [
    'a missing right is said once, with what is missing, and the start waits for it',
    async (scene) => {
      scene.server.apply('a')
      scene.server.refuse = times(5, { status: 403, message: 'User "x" cannot list resource "services"' })
      await scene.open().start(scene.recorder)
      const refusals = scene.log.filter(({ level }) => level === 'error')
      assert.equal(refusals.length, 1)
      assert.match(
        refusals[0]?.msg ?? '',
        /^cannot list services: our service account lacks a right; check the ClusterRole/,
      )
      assert.match(refusals[0]?.error ?? '', /User "x" cannot list resource "services"/)
      assert.deepEqual(scene.recorder.take(), ['applied a'])
      assert(scene.log.some(({ msg }) => msg === 'services can be read now'))
    },
  ],
  [
    'an API server that has just come up knows its roles a moment later, which is no error',
    async (scene) => {
      await scene.started()
      scene.server.refuse = times(4, { status: 403 })
      scene.server.end({ cut: true })
      scene.server.apply('a')
      await scene.recorder.applied('a')
      assert.deepEqual(
        scene.log.filter(({ level }) => level === 'error'),
        [],
      )
    },
  ],
  [
    'a right that is taken away, and given again, and taken away is said each time',
    async (scene) => {
      await scene.started()
      for (const name of ['a', 'b']) {
        scene.server.refuse = times(6, { status: 403 })
        scene.server.end({ cut: true })
        scene.server.apply(name)
        await scene.recorder.applied(name)
      }
      const said = scene.log.filter(({ msg }) => / services|services /.test(msg)).map(({ msg }) => msg)
      const [refusal] = said
      assert.match(refusal ?? '', /^cannot watch services: our service account lacks a right/)
      assert.deepEqual(said, [refusal, 'services can be read now', refusal, 'services can be read now'])
    },
  ],
  [
    'a right to list without one to watch is named as that',
    async (scene) => {
      await scene.started()
      scene.server.refuse = (what) => (what.startsWith('watch') ? { status: 403 } : null)
      scene.server.end({ cut: true })
      await scene.until('it is said', () => scene.log.some(({ msg }) => msg.startsWith('cannot watch services: ')))
    },
  ],
  [
    'what is optional and not there holds up nothing, and comes when it comes',
    async (scene) => {
      scene.server.apply('a')
      let there = false
      scene.server.refuse = () => (there ? null : { status: 404 })
      await scene.open({ optional: true }).start(scene.recorder)
      assert.deepEqual(scene.recorder.batches, [[]])
      await scene.until('it is said', () =>
        scene.log.some(({ msg }) => msg.startsWith(`${METALLB}the API server does not`)),
      )
      there = true
      await scene.recorder.applied('a')
    },
  ],
  [
    'a field selector that the server does not know is applied here',
    async (scene) => {
      scene.server.apply('ours', { spec: { type: 'LoadBalancer' } })
      scene.server.apply('other', { spec: { type: 'ClusterIP' } })
      scene.server.refuse = (_, query) => (query.has('fieldSelector') ? { status: 400 } : null)
      await scene.open({ fieldSelector: 'spec.type=LoadBalancer' }).start(scene.recorder)
      assert.deepEqual(scene.recorder.take(), ['applied ours'])
      await scene.watching()
      scene.server.apply('other', { spec: { type: 'LoadBalancer' } })
      scene.server.apply('ours', { spec: { type: 'ClusterIP' } })
      scene.server.apply('ours', { spec: { type: 'ClusterIP', more: 1 } })
      scene.server.apply('fence', { spec: { type: 'LoadBalancer' } })
      await scene.recorder.applied('fence')
      assert.deepEqual(scene.recorder.take(), ['applied other', 'deleted ours', 'applied fence'])
    },
  ],
  [
    'news that is older than our own write is dropped',
    async (scene) => {
      scene.server.apply('a')
      await scene.started()
      scene.versions.wrote(keyOf('Service', 'default', 'a'), String(scene.server.version + 2))
      scene.server.apply('a', { spec: 'old' })
      scene.server.apply('a', { spec: 'ours' })
      await scene.recorder.applied('a')
      assert.deepEqual(
        scene.recorder.events.map(({ object }) => object['spec']),
        ['ours'],
      )
    },
  ],
  [
    'refresh reads everything anew and tells the difference before it resolves',
    async (scene) => {
      scene.server.apply('a')
      const source = await scene.started()
      await source.refresh()
      assert.deepEqual(scene.recorder.take(), [])
      assert.equal(scene.server.requests.filter((what) => what === 'list').length, 2)
      scene.server.delete('a')
      scene.server.apply('b')
      await Promise.all([source.refresh(), source.refresh()])
      assert.deepEqual(scene.told(), ['b'])
    },
  ],
  [
    'a server that is away is said once, and so is its return',
    async (scene) => {
      const source = await scene.started()
      assert.deepEqual(source.connection, { up: true })
      scene.server.refuse = times(12, { status: 503, message: 'etcd is away' })
      scene.server.end({ cut: true })
      scene.server.apply('a')
      await scene.recorder.applied('a')
      assert.deepEqual(source.connection, { up: true })
      const said = scene.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('the API server'))
      assert.deepEqual(said.slice(1), [
        'the API server does not answer; what is known stays in use',
        'the API server answers',
      ])
      const down = scene.connections.find(({ up }) => !up)
      assert(down && !down.up)
      assert.match(down.reason, /etcd is away/)
    },
  ],
  [
    'an answer that is no list is asked for again',
    async (scene) => {
      scene.server.apply('a')
      scene.server.refuse = times(2, { status: 200 })
      await scene.open().start(scene.recorder)
      assert.deepEqual(scene.recorder.take(), ['applied a'])
    },
  ],
  [
    'stop ends a start that waits, and all requests',
    async (scene) => {
      scene.server.refuse = () => ({ status: 503 })
      const source = scene.open()
      const starting = source.start(scene.recorder)
      await scene.until('some tries', () => scene.server.requests.length > 3)
      await source.stop()
      await starting
      await source.refresh()
      const before = scene.server.requests.length
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert(scene.server.requests.length <= before + 1, 'one may have been under way')
      assert.deepEqual(scene.recorder.batches, [])
    },
  ],
]

for (const [name, play] of STORIES) {
  test(name, async () => {
    const scene = new Scene(await KubeServer.start(SERVICES))
    try {
      await play(scene)
    } finally {
      scene.close()
    }
  })
}
