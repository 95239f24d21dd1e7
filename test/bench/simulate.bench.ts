// SPDX-License-Identifier: Apache-2.0
/** `metallb simulate` of the bundle as users run it: a large cluster from files, and how long the smallest one takes. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../tools/bundle.ts'
import { LAUNCHER } from '../build/daemon.ts'
import { type Figure, median } from './figure.ts'

const SERVICES = 10_000
const NODES = 100
const ADVERTISEMENTS = 20
const STARTS = 5

/** Seconds and the peak of the resident set of one large run; milliseconds of a small one, start to end. */
export async function bench(): Promise<readonly Figure[]> {
  await bundle()
  const directory = mkdtempSync(join(tmpdir(), 'metallb-simulate-'))
  try {
    const [many, few] = [join(directory, 'many'), join(directory, 'few')]
    writeWorld(many, SERVICES, NODES)
    writeWorld(few, 1, 1)
    const large = await run(many)
    const starts: number[] = []
    for (let round = 0; round < STARTS; round++) starts.push((await run(few)).ms)
    const what = `simulate: ${SERVICES.toLocaleString('en-US')} Services, ${NODES} nodes, ${ADVERTISEMENTS} advertisements`
    return [
      { name: what, value: large.ms / 1000, unit: 's', bound: 8 },
      { name: `${what}, memory`, value: large.peakMb, unit: 'MB', bound: 600 },
      { name: `${what}, output`, value: large.outputMb, unit: 'MB', bound: null },
      { name: 'simulate: one Service, start to end', value: median(starts), unit: 'ms', bound: 150 },
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

type Run = Readonly<{ ms: number; peakMb: number; outputMb: number }>

async function run(directory: string): Promise<Run> {
  const started = performance.now()
  const child = spawn(LAUNCHER, ['simulate', directory, '-o', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let bytes = 0
  let peakKb = 0
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    peakKb = Math.max(peakKb, residentKb(child.pid))
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`simulate ended with status ${String(code)}`)
  return { ms: performance.now() - started, peakMb: peakKb / 1024, outputMb: bytes / 1e6 }
}

/** VmHWM is the peak so far, so the last look tells all but what comes after the output. */
function residentKb(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function writeWorld(directory: string, services: number, nodes: number): void {
  mkdirSync(directory)
  const names = Array.from({ length: nodes }, (_, at) => `worker-${String(at).padStart(3, '0')}`)
  const write = (name: string, items: readonly object[]): void => {
    writeFileSync(join(directory, name), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  }
  write(
    'nodes.json',
    names.map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
  )
  write('configuration.json', [
    metallb('IPAddressPool', 'a', { addresses: ['10.0.0.0/16'] }),
    metallb('BGPPeer', 'tor', { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.1' }, 'v1beta2'),
    metallb('L2Advertisement', 'l2', {}),
    ...Array.from({ length: ADVERTISEMENTS }, (_, at) =>
      metallb('BGPAdvertisement', `bgp-${at}`, { communities: [`64500:${at}`], localPref: 100 }),
    ),
  ])
  const each = Array.from({ length: services }, (_, at) => at)
  write(
    'services.json',
    each.map((at) => service(`web-${at}`)),
  )
  write(
    'slices.json',
    each.map((at) => slice(`web-${at}`, names.slice(at % nodes).slice(0, 3))),
  )
}

function metallb(kind: string, name: string, spec: object, version = 'v1beta1'): object {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: 'metallb-system' }, spec }
}

function service(name: string): object {
  const spec = { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80 }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default', labels: { app: name } }, spec }
}

function slice(name: string, nodes: readonly string[]): object {
  const metadata = { name: `${name}-x`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } }
  const endpoints = nodes.map((nodeName) => ({ addresses: ['10.244.0.1'], nodeName, conditions: { ready: true } }))
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints }
}
