// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { writeFile as writeText } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '../../lib/fault.ts'
import { type PathObjects, readPaths } from './paths.ts'

const OPTIONS = { namespace: 'metallb-system' }

type Files = Readonly<Record<string, string>>

async function within(files: Files, look: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'metallb-paths-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
    await look(dir)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function service(name: string, spec = '{}'): string {
  return `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: ${spec}\n`
}

function names({ entries }: PathObjects): string[] {
  return entries.map(({ key }) => key)
}

test('a directory is read as a whole, in bytewise order of paths, without hidden and other names', () =>
  within(
    {
      'b.yaml': service('b'),
      'a/z.yml': service('z'),
      'a.json': '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}',
      'a/.x.yaml': service('hidden'),
      '.git/c.yaml': service('c'),
      'README.md': service('readme'),
    },
    async (dir) => {
      const read = await readPaths([dir], OPTIONS)
      assert.deepEqual(names(read), ['Service/default/a', 'Service/default/z', 'Service/default/b'])
      assert.deepEqual(read.problems, [])
    },
  ))

test('a file that is named is read whatever its name, and arguments keep their order', () =>
  within({ 'z.txt': service('z'), 'a.yaml': service('a') }, async (dir) => {
    const read = await readPaths([join(dir, 'z.txt'), join(dir, 'a.yaml')], OPTIONS)
    assert.deepEqual(names(read), ['Service/default/z', 'Service/default/a'])
  }))

test('a link that leads back is not followed, one that leads elsewhere is', () =>
  within({ 'in/a.yaml': service('a'), 'out/b.yaml': service('b') }, async (dir) => {
    symlinkSync(dir, join(dir, 'in/back'))
    symlinkSync(join(dir, 'out'), join(dir, 'in/out'))
    const read = await readPaths([join(dir, 'in')], OPTIONS)
    // `back` leads to a directory that is above only in the file system: what stands there is read once.
    assert.ok(names(read).includes('Service/default/b'))
  }))

test('objects of other kinds are counted and not looked at, also those without a name', () =>
  within(
    {
      'a.yaml': [
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n',
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n',
        'apiVersion: batch/v1\nkind: Job\nmetadata: { generateName: once- }\n',
        'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: web }\n',
        service('web'),
      ].join('---\n'),
    },
    async (dir) => {
      const read = await readPaths([dir], OPTIONS)
      assert.deepEqual(names(read), ['Service/default/web'])
      assert.deepEqual(read.problems, [])
      assert.deepEqual(Object.fromEntries(read.ignored), {
        'apps/v1 Deployment': 2,
        'batch/v1 Job': 1,
        'serving.knative.dev/v1 Service': 1,
      })
    },
  ))

test('of an object that stands twice the later one counts, and the problem names both places', () =>
  within({ 'a.yaml': service('web', '{ type: A }'), 'b.yaml': `\n${service('web', '{ type: B }')}` }, async (dir) => {
    const [a, b] = [join(dir, 'a.yaml'), join(dir, 'b.yaml')]
    const read = await readPaths([b, a], OPTIONS)
    assert.deepEqual(
      read.entries.map(({ object }) => object?.['spec']),
      [{ type: 'A' }],
    )
    const [problem, ...others] = read.problems
    assert.deepEqual(others, [])
    assert.equal(problem?.code, 'duplicateObject')
    assert.deepEqual([problem.file, problem.line], [a, 1])
    assert.match(problem.message, new RegExp(`${b}:2 and ${a}:1`))
  }))

test('an object that cannot be used leaves the place to a usable one of its name', () =>
  within(
    {
      'a.yaml': pool('a', '[192.0.2.0/24]') + '---\n' + pool('a', '7'),
      'b.yaml': pool('b', '7'),
    },
    async (dir) => {
      const read = await readPaths([dir], OPTIONS)
      assert.deepEqual(
        read.entries.map(({ key, object }) => [key, object !== null]),
        [
          ['IPAddressPool/metallb-system/a', true],
          ['IPAddressPool/metallb-system/b', false],
        ],
      )
      assert.deepEqual(
        read.problems.map(({ code }) => code),
        ['schema', 'schema', 'duplicateObject'],
      )
    },
  ))

function pool(name: string, addresses: string): string {
  return `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: { name: ${name} }\nspec: { addresses: ${addresses} }\n`
}

test('a problem gets the file, line and column of its field, and the line can be shown', () =>
  within({ 'a.yaml': 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: []\r\n' }, async (dir) => {
    const read = await readPaths([dir], OPTIONS)
    const object = { kind: 'Service', namespace: 'default', name: 'web' }
    const file = join(dir, 'a.yaml')
    const bare = { severity: 'error', object, field: 'spec.ports', code: 'x', message: '', transient: false } as const
    const { file: found, line, column } = read.locate(bare)
    assert.deepEqual([found, line, column], [file, 6, 3])
    assert.equal(read.lineOf(file, 6), '  ports: []')
    assert.equal(read.lineOf(file, 9), undefined)
    const stranger = { ...bare, object: { ...object, name: 'other' } }
    assert.equal(read.locate(stranger), stranger)
  }))

test('what cannot be read at all is a fault that names it', () =>
  within({ 'big.yaml': '' }, async (dir) => {
    const gone = join(dir, 'gone.yaml')
    await assert.rejects(readPaths([gone], OPTIONS), (thrown: unknown) => {
      return thrown instanceof Fault && thrown.message === `cannot read ${gone}: it does not exist`
    })
    truncateSync(join(dir, 'big.yaml'), 33 * 1024 * 1024)
    await assert.rejects(readPaths([dir], OPTIONS), /big\.yaml has 34603008 bytes; at most/)
    rmSync(join(dir, 'big.yaml'))
    symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling.yaml'))
    await assert.rejects(readPaths([dir], OPTIONS), /cannot read .*dangling\.yaml: it does not exist/)
  }))

test('a pipe may be named, as the shell does for <(…)', () =>
  within({}, async (dir) => {
    const pipe = join(dir, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [read] = await Promise.all([readPaths([pipe], OPTIONS), writeText(pipe, service('web'))])
    assert.deepEqual(names(read), ['Service/default/web'])
  }))

test('bytes that are no text are a problem of the file', () =>
  within({ 'a.yaml': 'a: \u0000' }, async (dir) => {
    const read = await readPaths([dir], OPTIONS)
    assert.deepEqual(
      read.problems.map(({ code, file }) => [code, file]),
      [['notText', join(dir, 'a.yaml')]],
    )
  }))
