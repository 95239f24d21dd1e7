// SPDX-License-Identifier: Apache-2.0
/** The bundle as processes: what the daemons cost, and how long 10,000 Services keep a starting controller. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundle } from '../../tools/bundle.ts'
import { Daemon, LAUNCHER, OWN_NETWORK } from '../build/daemon.ts'
import { type Figure, median } from './figure.ts'

const SERVICES = 10_000
const ROUNDS = 5
/** Long enough for whatever follows the start to be over. */
const SETTLE_MS = 2000

/** A speaker without work, and a controller with a lot of it. */
export async function bench(): Promise<readonly Figure[]> {
  await bundle()
  const directory = mkdtempSync(join(tmpdir(), 'metallb-bench-'))
  try {
    return [
      ...(await speakerFigures(join(directory, 'speaker'))),
      ...(await controllerFigures(join(directory, 'many'))),
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function speakerFigures(manifests: string): Promise<readonly Figure[]> {
  mkdirSync(manifests)
  writeFileSync(join(manifests, 'objects.json'), JSON.stringify(list([pool(), node('node-1')])))
  const command = [...OWN_NETWORK, LAUNCHER, 'speaker', '--manifests', manifests, '--node-name', 'node-1']
  const rounds: { readyMs: number; rssMb: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const speaker = new Daemon(command)
    const readyMs = await speaker.ready
    await sleep(SETTLE_MS)
    rounds.push({ readyMs, rssMb: residentMb(speaker) })
    await speaker.stop()
  }
  return [
    { name: 'speaker bundle: ready', value: median(rounds.map(({ readyMs }) => readyMs)), unit: 'ms', bound: 150 },
    { name: 'speaker bundle: idle RSS', value: median(rounds.map(({ rssMb }) => rssMb)), unit: 'MB', bound: 60 },
  ]
}

async function controllerFigures(manifests: string): Promise<readonly Figure[]> {
  mkdirSync(manifests)
  const services = Array.from({ length: SERVICES }, (_, index) => service(`service-${index}`))
  writeFileSync(join(manifests, 'objects.json'), JSON.stringify(list([pool(), ...services])))
  const command = [LAUNCHER, 'controller', '--manifests', manifests, '--log-level', 'info']
  const first = new Daemon(command)
  const firstMs = await first.ready
  await appears(statusOf(manifests, `service-${SERVICES - 1}`))
  await first.stop()

  const restarts: number[] = []
  const changes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const again = new Daemon(command)
    restarts.push(await again.ready)
    changes.push(await oneMore(manifests, `extra-${round}`))
    await again.stop()
  }
  const count = SERVICES.toLocaleString('en-US')
  return [
    { name: `controller: ${count} Services from nothing, ready`, value: firstMs, unit: 'ms', bound: null },
    { name: `controller: restart over ${count} Services`, value: median(restarts), unit: 'ms', bound: 1000 },
    { name: `controller: one more among them, file to status`, value: median(changes), unit: 'ms', bound: null },
  ]
}

/** Milliseconds from a new Service's file to the status that the controller wrote for it. */
async function oneMore(manifests: string, name: string): Promise<number> {
  const incoming = `${manifests}.incoming`
  writeFileSync(incoming, JSON.stringify(service(name)))
  const started = performance.now()
  renameSync(incoming, join(manifests, `${name}.json`))
  await appears(statusOf(manifests, name))
  return performance.now() - started
}

function statusOf(manifests: string, name: string): string {
  return join(manifests, `.status/services/default.${name}.json`)
}

/** Waits until the file is there with an address in it; throws after a minute. */
async function appears(file: string): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(1)) {
    const text = readIfThere(file)
    if (/"ip":\s*"198\./.test(text)) return
  }
  throw new Error(`the controller wrote no address to ${file}`)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** VmRSS in MB (10^6 bytes); the kernel's kB are 1,024 bytes. */
function residentMb({ child }: Daemon): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
  return (Number(line?.[1]) * 1024) / 1e6
}

const list = (items: readonly object[]) => ({ apiVersion: 'v1', kind: 'List', items })

const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })

const pool = () => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'benchmark', namespace: 'metallb-system' },
  spec: { addresses: ['198.18.0.0/15'] },
})

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ name: 'http', protocol: 'TCP', port: 80 }] },
})
