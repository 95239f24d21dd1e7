// SPDX-License-Identifier: Apache-2.0
/** What only a directory can do: break, be edited, swapped, removed. One row per story. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/lib/fault.ts'
import { createLog } from '../../src/lib/log.ts'
import type { ObjectSink, ObjectSource } from '../../src/lib/object.ts'
import { openDirectory } from '../../src/manifests/directory.ts'
import { MAX_EVENTS } from '../../src/manifests/event-files.ts'
import { fieldOf, Recorder, service } from './object-source.ts'

type Role = 'controller' | 'speaker'
type Opened = Readonly<{ directory: ObjectSource & ObjectSink; recorder: Recorder }>

/** A directory of its own for a test, with what is started on it. */
class Scene {
  readonly dir = join(mkdtempSync(join(tmpdir(), 'metallb-files-')), 'manifests')
  readonly #opened: Opened[] = []

  constructor() {
    mkdirSync(this.dir)
  }

  path(...names: readonly string[]): string {
    return join(this.dir, ...names)
  }

  /** In place, as `>` and many editors do. */
  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  async open(role: Role = 'speaker'): Promise<Opened> {
    const directory = openDirectory(this.dir, { namespace: 'metallb-system', log: createLog('none'), role })
    const opened = { directory, recorder: new Recorder() }
    await directory.start(opened.recorder)
    this.#opened.push(opened)
    return opened
  }

  /** Changes something else and waits until it is told. */
  async fence({ recorder }: Opened): Promise<void> {
    this.write('zz-fence.yaml', `${yaml('fence')}  sessionAffinity: "${Math.random()}"\n`)
    await recorder.applied('fence')
  }

  async close(): Promise<void> {
    for (const { directory } of this.#opened) await directory.stop()
    rmSync(dirname(this.dir), { recursive: true })
  }
}

const yaml = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  type: LoadBalancer\n  ports: [{port: ${port}}]\n`

const poolYaml = (name: string, addresses: string): string =>
  `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: ${name}\nspec:\n  addresses: ${addresses}\n`

const webStatus = {
  object: { kind: 'Service', namespace: 'default', name: 'web' },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  annotations: {},
} as const

const portOf = ({ recorder }: Opened, name: string): unknown => fieldOf(recorder.last(name), 'spec', 'ports', 0, 'port')

const problemsOf = ({ recorder }: Opened): unknown[] =>
  recorder.problems.map(({ code, file, line }) => [code, file?.split('/').at(-1), line])

const STORIES: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  [
    'YAML and JSON are read at any depth; hidden files and other names are not',
    async (scene) => {
      scene.write('a.yaml', yaml('a'))
      scene.write('deep/er/b.yml', yaml('b'))
      scene.write('c.json', JSON.stringify(service('c')))
      for (const name of ['.d.yaml', '.hidden/e.yaml', '.status/f.yaml', 'g.yaml~', 'h.txt', '#i.yaml#'])
        scene.write(name, yaml('no'))
      const { recorder } = await scene.open()
      assert.deepEqual(recorder.take().toSorted(), ['applied a', 'applied b', 'applied c'])
      assert.deepEqual(recorder.problems, [])
    },
  ],
  [
    'a Service of another API group is not the Service of its name, and its flaws are not ours to judge',
    async (scene) => {
      scene.write('a.yaml', yaml('web'))
      scene.write('b.yaml', 'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web, labels: 7}\n')
      const opened = await scene.open()
      assert.deepEqual(opened.recorder.take(), ['applied web'])
      assert.deepEqual(problemsOf(opened), [])
    },
  ],
  [
    'a broken file is a problem with its line, and keeps what it held, while the rest goes on',
    async (scene) => {
      scene.write('a.yaml', `${yaml('a')}---\n${yaml('b')}`)
      const opened = await scene.open()
      scene.write('a.yaml', `${yaml('a', 81)}---\n${yaml('b')}\tx: 1\n`)
      scene.write('c.yaml', yaml('c'))
      await opened.recorder.applied('c')
      assert.deepEqual(problemsOf(opened), [['notYaml', 'a.yaml', 16]])
      assert.equal(portOf(opened, 'a'), 80)
      scene.write('a.yaml', yaml('a', 82))
      await opened.recorder.until('the file is cured', () => opened.recorder.problems.length === 0)
      assert.equal(portOf(opened, 'a'), 82)
      assert.equal(opened.recorder.last('b'), undefined)
    },
  ],
  [
    'a file that is broken from the start gives what can be read of it',
    async (scene) => {
      scene.write('a.yaml', `${yaml('a')}---\nkind: [\n---\n${yaml('b')}`)
      const opened = await scene.open()
      assert.deepEqual(opened.recorder.take().toSorted(), ['applied a', 'applied b'])
      assert.equal(opened.recorder.problems[0]?.code, 'notYaml')
    },
  ],
  [
    'an object that is refused keeps its last good version; its neighbours in the file change',
    async (scene) => {
      scene.write('a.yaml', `${poolYaml('pool', '[192.0.2.0/24]')}---\n${yaml('web')}`)
      const opened = await scene.open()
      scene.write('a.yaml', `${poolYaml('pool', '7')}---\n${yaml('web', 81)}`)
      await opened.recorder.until('web changed', () => portOf(opened, 'web') === 81)
      assert.deepEqual(problemsOf(opened), [['schema', 'a.yaml', 6]])
      assert.deepEqual(fieldOf(opened.recorder.last('pool'), 'spec', 'addresses'), ['192.0.2.0/24'])
    },
  ],
  [
    'of one object in two files the later path counts, and the problem names both places',
    async (scene) => {
      scene.write('b.yaml', `# second\n${yaml('web', 2)}`)
      scene.write('a.yaml', yaml('web', 1))
      const opened = await scene.open()
      assert.equal(portOf(opened, 'web'), 2)
      assert.deepEqual(problemsOf(opened), [['duplicateObject', 'b.yaml', 2]])
      assert.match(opened.recorder.problems[0]?.message ?? '', /\/a\.yaml:1 and .*\/b\.yaml:2/)
      rmSync(scene.path('b.yaml'))
      await opened.recorder.until('the other one counts', () => portOf(opened, 'web') === 1)
      assert.deepEqual(opened.recorder.problems, [])
    },
  ],
  [
    'paths are ordered by bytes, so a-b.yaml comes before a/b.yaml and Z before a',
    async (scene) => {
      scene.write('a/b.yaml', yaml('web', 2))
      scene.write('a-b.yaml', yaml('web', 1))
      scene.write('Z.yaml', yaml('web', 3))
      assert.equal(portOf(await scene.open(), 'web'), 2)
    },
  ],
  [
    'a metallb.io object in another namespace is left out and named',
    async (scene) => {
      scene.write('a.yaml', poolYaml('pool', '[192.0.2.0/24]').replace('name: pool', 'name: pool\n  namespace: other'))
      const opened = await scene.open()
      assert.deepEqual(problemsOf(opened), [['wrongNamespace', 'a.yaml', 5]])
      assert.deepEqual(opened.recorder.take(), [])
    },
  ],
  [
    'an editor that writes a temporary file and renames it makes one event',
    async (scene) => {
      scene.write('a.yaml', yaml('a'))
      const opened = await scene.open()
      opened.recorder.take()
      scene.write('.a.yaml.swp', 'half')
      scene.write('a.yaml.tmp', yaml('a', 81))
      renameSync(scene.path('a.yaml.tmp'), scene.path('a.yaml'))
      await opened.recorder.until('a changed', () => portOf(opened, 'a') === 81)
      await scene.fence(opened)
      assert.deepEqual(opened.recorder.take(), ['applied a', 'applied fence'])
    },
  ],
  [
    'a file that is written in pieces is read when it is whole',
    async (scene) => {
      const opened = await scene.open()
      let reports = 0
      const original = opened.recorder.onProblems.bind(opened.recorder)
      opened.recorder.onProblems = (problems) => {
        reports++
        original(problems)
      }
      writeFileSync(scene.path('a.yaml'), 'apiVersion: v1\nkind: Service\nmetadata: {name: [')
      await sleep(10)
      writeFileSync(scene.path('a.yaml'), yaml('a'))
      await opened.recorder.applied('a')
      assert.equal(reports, 0)
    },
  ],
  [
    'a file that a shell has just emptied keeps what it held until its new content comes',
    async (scene) => {
      scene.write('a.yaml', yaml('a'))
      const opened = await scene.open()
      scene.write('a.yaml', '')
      await opened.recorder.until('the empty file is reported', () => opened.recorder.problems.length > 0)
      assert.deepEqual(problemsOf(opened), [['emptyFile', 'a.yaml', undefined]])
      assert.equal(portOf(opened, 'a'), 80)
      scene.write('a.yaml', yaml('a', 81))
      await opened.recorder.until('a changed', () => portOf(opened, 'a') === 81)
      assert.deepEqual(opened.recorder.problems, [])
    },
  ],
  [
    'a directory that is moved in, changed inside and removed is followed',
    async (scene) => {
      const opened = await scene.open()
      mkdirSync(join(scene.dir, '../new/sub'), { recursive: true })
      writeFileSync(join(scene.dir, '../new/sub/a.yaml'), yaml('a'))
      renameSync(join(scene.dir, '../new'), scene.path('moved'))
      await opened.recorder.applied('a')
      scene.write('moved/sub/b.yaml', yaml('b'))
      await opened.recorder.applied('b')
      rmSync(scene.path('moved'), { recursive: true })
      await opened.recorder.until('both are deleted', () =>
        ['a', 'b'].every((name) => opened.recorder.last(name) === undefined),
      )
    },
  ],
  [
    'a directory that is replaced by another of the same name is followed',
    async (scene) => {
      scene.write('sub/a.yaml', yaml('a'))
      const opened = await scene.open()
      renameSync(scene.path('sub'), join(scene.dir, '../old'))
      scene.write('sub/b.yaml', yaml('b'))
      await opened.recorder.applied('b')
      await opened.recorder.until('a is deleted', () => opened.recorder.last('a') === undefined)
      scene.write('sub/b.yaml', yaml('b', 81))
      await opened.recorder.until('b changed', () => portOf(opened, 'b') === 81)
    },
  ],
  [
    'while the whole directory is away everything stays as it was; the new one counts when it comes',
    async (scene) => {
      scene.write('a.yaml', yaml('a'))
      const opened = await scene.open()
      renameSync(scene.dir, `${scene.dir}-away`)
      await opened.recorder.until('the directory is missed', () => opened.recorder.problems.length > 0)
      assert.equal(opened.recorder.problems[0]?.code, 'unreadable')
      assert.equal(portOf(opened, 'a'), 80)
      mkdirSync(`${scene.dir}-new`)
      writeFileSync(`${scene.dir}-new/b.yaml`, yaml('b'))
      renameSync(`${scene.dir}-new`, scene.dir)
      await opened.recorder.applied('b')
      await opened.recorder.until('a is deleted', () => opened.recorder.last('a') === undefined)
      assert.deepEqual(opened.recorder.problems, [])
    },
  ],
  [
    'a mounted ConfigMap is followed when kubelet swaps its ..data',
    async (scene) => {
      scene.write('..1/a.yaml', yaml('a'))
      scene.write('..2/a.yaml', yaml('a', 81))
      symlinkSync('..1', scene.path('..data'))
      symlinkSync('..data/a.yaml', scene.path('a.yaml'))
      const opened = await scene.open()
      assert.deepEqual(opened.recorder.take(), ['applied a'])
      symlinkSync('..2', scene.path('..data_tmp'))
      renameSync(scene.path('..data_tmp'), scene.path('..data'))
      await opened.recorder.until('a changed', () => portOf(opened, 'a') === 81)
    },
  ],
  [
    'links to directories are followed, but not in circles',
    async (scene) => {
      mkdirSync(join(scene.dir, '../elsewhere'))
      writeFileSync(join(scene.dir, '../elsewhere/a.yaml'), yaml('a'))
      symlinkSync('../elsewhere', scene.path('link'))
      symlinkSync('..', scene.path('link/circle'))
      symlinkSync('.', scene.path('loop'))
      symlinkSync('nowhere', scene.path('dangling.yaml'))
      const opened = await scene.open()
      assert.equal(portOf(opened, 'a'), 80)
      assert.deepEqual(opened.recorder.problems, [])
    },
  ],
  [
    'a pipe among the files is reported and holds nothing up',
    async (scene) => {
      execFileSync('mkfifo', [scene.path('pipe.yaml')])
      scene.write('a.yaml', yaml('a'))
      const opened = await scene.open()
      assert.deepEqual(opened.recorder.take(), ['applied a'])
      assert.deepEqual(problemsOf(opened), [['unreadable', 'pipe.yaml', undefined]])
    },
  ],
  [
    'ten thousand files at once, more than the kernel queues events for, are all seen',
    async (scene) => {
      const opened = await scene.open()
      scene.write('a.json', JSON.stringify(service('a')))
      for (let index = 0; index < 10_000; index++)
        writeFileSync(scene.path(`${index}.json`), JSON.stringify(service(`svc-${index}`)))
      const seen = (): number => new Set(opened.recorder.events.map(({ object }) => object.metadata.name)).size
      await opened.recorder.until('all are seen', () => seen() === 10_001)
    },
  ],
  [
    'a problem about an object is located at its field, or at the nearest parent that is written',
    async (scene) => {
      scene.write('a.yaml', `# pools\n---\n${poolYaml('pool', '\n  - 192.0.2.0/24\n  - 192.0.3.0/24')}`)
      scene.write(
        'b.json',
        JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [service('x'), service('web')] }, null, 1),
      )
      const { directory } = await scene.open()
      const object = { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'pool' }
      const problem = { severity: 'error', object, code: 'poolOverlap', message: '', transient: false } as const
      const where = (field: string) => directory.locate({ ...problem, field })
      assert.deepEqual([where('spec.addresses[1]').line, where('spec.addresses[1]').column], [10, 5])
      assert.equal(where('spec.serviceAllocation.priority').line, 7)
      assert.equal(where('').line, 3)
      assert.equal(where('').file, scene.path('a.yaml'))
      const web = { kind: 'Service', namespace: 'default', name: 'web' }
      assert.equal(directory.locate({ ...problem, object: web, field: 'spec.type' }).line, 24)
      const nobody = { kind: 'Service', namespace: 'default', name: 'nobody' }
      assert.equal(directory.locate({ ...problem, object: nobody, field: '' }).file, undefined)
    },
  ],
  [
    'a spec is told as it is written, with nothing beside it',
    async (scene) => {
      scene.write('a.json', JSON.stringify(service('a', { externalTrafficPolicy: 'Local' })))
      const { recorder } = await scene.open()
      const object = await recorder.applied('a')
      assert.deepEqual(object['spec'], { type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
      assert.equal(object['status'], undefined)
    },
  ],
  [
    'an own write is no event for the controller',
    async (scene) => {
      scene.write('web.yaml', yaml('web'))
      const opened = await scene.open('controller')
      opened.recorder.take()
      await opened.directory.writeStatus(webStatus)
      await opened.directory.writeStatus({ ...webStatus, status: {} })
      scene.write('web.yaml', yaml('web'))
      await scene.fence(opened)
      assert.deepEqual(opened.recorder.take(), ['applied fence'])
    },
  ],
  [
    'a status that stands in the manifest counts until the controller writes one',
    async (scene) => {
      scene.write('web.yaml', `${yaml('web')}status: {loadBalancer: {ingress: [{ip: 192.0.2.9}]}}\n`)
      const opened = await scene.open('controller')
      const ip = () => JSON.stringify(opened.recorder.last('web')?.['status'])
      assert.match(ip(), /192\.0\.2\.9/)
      await opened.directory.writeStatus(webStatus)
      scene.write('web.yaml', `${yaml('web', 81)}status: {loadBalancer: {ingress: [{ip: 192.0.2.9}]}}\n`)
      await opened.recorder.until('web changed', () => portOf(opened, 'web') === 81)
      assert.match(ip(), /192\.0\.2\.1"/)
    },
  ],
  [
    'a speaker that was there first sees .status appear, change, break and go',
    async (scene) => {
      scene.write('web.yaml', yaml('web'))
      const speaker = await scene.open()
      const controller = await scene.open('controller')
      await controller.directory.writeStatus(webStatus)
      const status = () => speaker.recorder.last('web')?.['status']
      await speaker.recorder.until('the address came', () => status() !== undefined)
      scene.write('.status/services/default.web.json', '{"half":')
      await speaker.recorder.until('the broken status is reported', () => speaker.recorder.problems.length > 0)
      assert.equal(speaker.recorder.problems[0]?.code, 'unreadableStatus')
      assert.deepEqual(status(), webStatus.status)
      rmSync(scene.path('.status'), { recursive: true })
      await speaker.recorder.until('the address went', () => status() === undefined)
      await controller.directory.writeStatus(webStatus)
      await speaker.recorder.until('the address is back', () => status() !== undefined)
    },
  ],
  [
    'the status of what went while no controller ran is removed, unless a broken file may still hold it',
    async (scene) => {
      scene.write('web.yaml', yaml('web'))
      scene.write('broken.yaml', 'a: [')
      const first = await scene.open('controller')
      await first.directory.writeStatus(webStatus)
      await first.directory.writeStatus({
        ...webStatus,
        object: { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'p' },
      })
      await first.directory.stop()
      rmSync(scene.path('web.yaml'))
      const files = ['services/default.web.json', 'ipaddresspools/metallb-system.p.json'].map((n) =>
        scene.path('.status', n),
      )
      await scene.open()
      assert.deepEqual(files.map(existsSync), [true, true], 'a speaker removes nothing')
      const second = await scene.open('controller')
      assert.deepEqual(files.map(existsSync), [true, true])
      rmSync(scene.path('broken.yaml'))
      await second.recorder.until('the problem is gone', () => second.recorder.problems.length === 0)
      assert.deepEqual(files.map(existsSync), [false, false])
    },
  ],
  [
    'equal events are counted in one file, and only the newest files stay',
    async (scene) => {
      const { directory } = await scene.open('controller')
      const event = { object: webStatus.object, type: 'Warning', reason: 'AllocationFailed', message: 'full' } as const
      for (let index = 0; index < MAX_EVENTS + 20; index++)
        await directory.writeEvent({ ...event, message: `${index}` })
      const files = () => readdirSync(scene.path('.status/events'))
      assert.equal(files().length, MAX_EVENTS)
      const before = new Set(files())
      await directory.stop()
      const { directory: next } = await scene.open('controller')
      for (let index = 0; index < 3; index++) await next.writeEvent(event)
      const file = files().find((name) => !before.has(name)) ?? ''
      assert.match(file, /^default\.web\.[0-9a-f]{16}\.json$/)
      const written: unknown = JSON.parse(readFileSync(scene.path('.status/events', file), 'utf8'))
      assert.deepEqual(
        ['count', 'type', 'reason', 'message'].map((field) => fieldOf(written, field)),
        [3, 'Warning', 'AllocationFailed', 'full'],
      )
      assert(!Number.isNaN(Date.parse(String(fieldOf(written, 'lastTimestamp')))))
      assert.equal(files().length, MAX_EVENTS)
    },
  ],
  [
    'a name that would leave the directory is no name',
    async (scene) => {
      scene.write('a.yaml', yaml('"../../evil"'))
      const opened = await scene.open('controller')
      assert.deepEqual(problemsOf(opened), [['invalidName', 'a.yaml', 4]])
      assert.deepEqual(opened.recorder.take(), [])
    },
  ],
  [
    'names of full length have a status too',
    async (scene) => {
      const { directory } = await scene.open('controller')
      const name = `${'a.'.repeat(126)}b`
      await directory.writeStatus({
        object: { kind: 'IPAddressPool', namespace: 'n'.repeat(63), name },
        status: {},
        annotations: {},
      })
      assert.equal(readdirSync(scene.path('.status/ipaddresspools')).length, 1)
    },
  ],
  [
    'a copy of a file under another name is told as a duplicate, not as a change',
    async (scene) => {
      scene.write('a.yaml', yaml('a'))
      const opened = await scene.open()
      opened.recorder.take()
      copyFileSync(scene.path('a.yaml'), scene.path('b.yaml'))
      await opened.recorder.until('the duplicate is reported', () => opened.recorder.problems.length > 0)
      rmSync(scene.path('a.yaml'))
      await opened.recorder.until('the problem is gone', () => opened.recorder.problems.length === 0)
      assert.deepEqual(opened.recorder.take(), [])
    },
  ],
]

for (const [name, play] of STORIES) {
  test(name, async () => {
    const scene = new Scene()
    try {
      await play(scene)
    } finally {
      await scene.close()
    }
  })
}

const FAULTS: readonly (readonly [string, (dir: string) => string, Role, RegExp])[] = [
  ['no directory', (dir) => join(dir, 'none'), 'speaker', /none: it does not exist; expected a directory of manifests/],
  [
    'a file',
    (dir) => join(dir, 'file'),
    'controller',
    /file: it is not a directory; expected a directory of manifests/,
  ],
  ['a .status that cannot be made', (dir) => dir, 'controller', /^cannot write .*\.status.*: it is not a directory$/],
]
for (const [name, pathIn, role, message] of FAULTS) {
  test(`one clear sentence for ${name}`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'metallb-fault-'))
    writeFileSync(join(dir, 'file'), '')
    writeFileSync(join(dir, '.status'), '')
    const directory = openDirectory(pathIn(dir), { namespace: 'metallb-system', log: createLog('none'), role })
    await assert.rejects(
      directory.start(new Recorder()),
      (thrown) => thrown instanceof Fault && message.test(thrown.message),
    )
    await directory.stop()
    rmSync(dir, { recursive: true })
  })
}
