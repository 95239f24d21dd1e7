// SPDX-License-Identifier: Apache-2.0
/** The images as a registry would be given them, and their programs with nothing around them but the image. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SEARCH_PATH } from '../../lab/command.ts'

const ROOT = join(import.meta.dirname, '../..')
const IMAGES = join(ROOT, 'build/image')
const { version, dependencies }: { version: string; dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
)
const scratch = mkdtempSync(join(tmpdir(), 'metallb-image-'))
after(() => rmSync(scratch, { recursive: true }))

type Image = Readonly<{
  folder: string
  config: { User?: string; Entrypoint: string[] }
  tags: string[]
  layers: string[]
}>

function open(name: string): Image {
  const folder = join(scratch, name)
  mkdirSync(join(folder, 'root'), { recursive: true })
  execFileSync('tar', ['-xf', join(IMAGES, `${name}.tar`), '-C', folder])
  const [manifest]: { Config: string; RepoTags: string[]; Layers: string[] }[] = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  )
  assert.ok(manifest)
  for (const layer of manifest.Layers) execFileSync('tar', ['-xf', join(folder, layer), '-C', join(folder, 'root')])
  const { config }: { config: Image['config'] } = JSON.parse(readFileSync(join(folder, manifest.Config), 'utf8'))
  return { folder, config, tags: manifest.RepoTags, layers: manifest.Layers }
}

/** Runs a program of the image in it, as an ordinary user. */
function start(image: Image, ...command: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const inside = ['--userspec=65534:65534', join(image.folder, 'root'), ...command]
  const { status, stdout, stderr } = spawnSync('chroot', inside, { encoding: 'utf8', env: { PATH: SEARCH_PATH } })
  return { status, stdout, stderr }
}

const digest = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(IMAGES, `${name}.tar`)))
    .digest('hex')

let controller: Image
let speaker: Image
let debug: Image
before(() => {
  execFileSync('make', ['image-debug'], { cwd: ROOT, stdio: 'pipe' })
  controller = open('controller')
  speaker = open('speaker')
  debug = open('speaker-debug')
})

test('two names for one build, which differ in what they start and as whom', () => {
  assert.deepEqual(controller.tags, [`localhost/metallb-ts/controller:v${version}`])
  assert.deepEqual(speaker.tags, [`localhost/metallb-ts/speaker:v${version}`])
  assert.deepEqual([controller.config.Entrypoint, controller.config.User], [['/controller'], '65534:65534'])
  assert.deepEqual([speaker.config.Entrypoint, speaker.config.User ?? ''], [['/speaker'], ''])
  assert.deepEqual(controller.layers, speaker.layers)
})

test('each name starts its program, and needs nothing but the image', () => {
  assert.deepEqual(start(controller, '/metallb', '--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
  assert.match(start(controller, '/controller', '--help').stdout, /^Usage: metallb controller /)
  assert.match(start(speaker, '/speaker', '--help').stdout, /^Usage: metallb speaker /)
  assert.match(start(speaker, 'metallb', 'peers', '--help').stdout, /^Usage: metallb peers /)
})

test('both have what scripts call vtysh', () => {
  for (const image of [controller, speaker]) {
    const { status, stderr } = start(image, 'vtysh', '-c', 'show running-config')
    assert.equal(status, 1)
    assert.match(stderr, /^vtysh: there is no "show running-config" here; /)
  }
})

test('the exit status is that of the program', () => {
  assert.equal(start(speaker, '/speaker', '--no-such-flag').status, 2)
})

test('there is no shell in it, and no file that others may write', () => {
  const root = join(controller.folder, 'root')
  assert.deepEqual(readdirSync(root).toSorted(), [
    'controller',
    'etc',
    'lib',
    'lib64',
    'metallb',
    'run',
    'speaker',
    'usr',
  ])
  assert.deepEqual(readdirSync(join(root, 'usr/lib/metallb')).toSorted(), [
    'launcher',
    'metallb.cjs',
    'metallb.node',
    'node',
  ])
  assert.equal(execFileSync('find', [root, '-perm', '/022', '!', '-type', 'l'], { encoding: 'utf8' }), '')
})

test('-debug is the same image with programs to look around, which work with the rights of a speaker', () => {
  assert.deepEqual(debug.tags, [`localhost/metallb-ts/speaker:v${version}-debug`])
  assert.deepEqual(debug.layers.slice(0, speaker.layers.length), speaker.layers)
  const rights = ['--bounding-set', '-all,+net_raw,+sys_chroot', '--inh-caps', '-all,+net_raw,+sys_chroot']
  const within = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', 'setpriv', ...rights, 'chroot']
  const look = (command: string) => {
    const inside = [...within, join(debug.folder, 'root'), '/bin/sh', '-c', command]
    return spawnSync('unshare', inside, { encoding: 'utf8', timeout: 1000, env: { PATH: SEARCH_PATH } })
  }
  assert.match(look('ping -V').stdout, /iputils/)
  assert.match(look('ip address show dev lo').stdout, /inet 127\.0\.0\.1/)
  assert.match(look('nc -zv 127.0.0.1 179').stderr, /Connection refused/)
  assert.match(look('exec tcpdump -i lo').stderr, /listening on lo/)
})

test("everybody's licence is in it", () => {
  const licences = join(controller.folder, 'root/usr/share/doc/metallb')
  const expected = ['metallb-ts', 'node', 'libc6', 'libgcc-s1', 'libstdc++6', ...Object.keys(dependencies)]
  assert.deepEqual(readdirSync(licences).toSorted(), expected.toSorted())
  for (const name of expected)
    assert.match(readFileSync(join(licences, name), 'utf8'), /licen[cs]e|permission to use/i, name)
})

test('the same files make the same image, to the byte', () => {
  const first = [digest('controller'), digest('speaker')]
  execFileSync(join(ROOT, 'tools/image'), { stdio: 'pipe' })
  assert.deepEqual([digest('controller'), digest('speaker')], first)
})
