// SPDX-License-Identifier: Apache-2.0
/**
 * The measuring process of arp.bench.ts, in a network namespace of its own: a wire whose near end has an address that
 * the kernel answers for, and one that the reflex does. Prints its measurements as JSON.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import { buildTool, ip, makeWire } from '../lab/wire-namespace.ts'
import { median } from './figure.ts'

const execute = promisify(execFile)
const KERNEL = '198.51.100.10'
const OURS = '198.51.100.1'
const ROUNDS = 5
const REQUESTS = 2000

/** Medians over the rounds, in nanoseconds: until the asking process has the answer, and until it is on its interface. */
export type Latency = Readonly<{ p50: number; p99: number; p50Arrival: number; p99Arrival: number }>
export type Measured = Readonly<{
  kernel: Latency
  ours: Latency
  kernelWhileBusy: Latency
  oursWhileBusy: Latency
  unansweredShare: number
  noiseShareOfCore: number
  noisePerSecond: number
  updateMs: number
}>

const client = buildTool('test/bench/arp-client.c')
makeWire('near', 'far')
ip('address', 'add', `${KERNEL}/24`, 'dev', 'near')
const links = openLinks()
const near = links.list().find(({ name }) => name === 'near')
if (!near) throw new Error('the wire has no near end')
const reflex = openNeighborReflex({ pauseMs: 1000 })
reflex.listen({ onSuspended: () => reflex.confirm(), onConflict: () => undefined })
reflex.attach('arp', near)
reflex.update([{ ip: OURS, reach: 'all' }])

async function run(...args: string[]): Promise<number[]> {
  const { stdout } = await execute(client, ['far', ...args])
  return stdout.trim().split(' ').map(Number)
}

/** Kernel and reflex by turns, so that a noisy moment of the machine hits both. */
async function compare(): Promise<[Latency, Latency]> {
  const kernelRounds: number[][] = []
  const ourRounds: number[][] = []
  for (let round = 0; round < ROUNDS; round++) {
    kernelRounds.push(await run(KERNEL, 'latency', String(REQUESTS)))
    ourRounds.push(await run(OURS, 'latency', String(REQUESTS)))
  }
  return [middle(kernelRounds), middle(ourRounds)]
}

function middle(rounds: readonly number[][]): Latency {
  const column = (at: number) => median(rounds.map((round) => round[at] ?? Number.NaN))
  return { p50: column(0), p99: column(1), p50Arrival: column(2), p99Arrival: column(3) }
}

/** Keeps this thread parsing 10 MB of JSON, time and again, until the work is done. */
async function whileBusy<T>(work: Promise<T>): Promise<T> {
  const item = { name: 'service', labels: { app: 'web', tier: 'front', note: 'x'.repeat(40) } }
  const text = JSON.stringify(Array.from({ length: 100_000 }, () => item))
  const state = { done: false }
  const result = work.finally(() => (state.done = true))
  while (!state.done) {
    JSON.parse(text)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
  return result
}

/** Processor time of the reflex thread so far, in nanoseconds. */
function threadNs(): number {
  const task = readdirSync('/proc/self/task').find(
    (id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'neighbor-reflex',
  )
  return Number(readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')[0])
}

async function underNoise(): Promise<[share: number, perSecond: number]> {
  const before = threadNs()
  const [sent = 0, tookMs = 0] = await run(OURS, 'noise', '100000', '3')
  return [(threadNs() - before) / (tookMs * 1e6), sent / (tookMs / 1000)]
}

const tenth = (number: number) => `10.0.${number >> 8}.${number & 255}`

/** One changed claim among 10,000: table, filter and all. */
function update(): number {
  reflex.update(Array.from({ length: 10_000 }, (_, i) => ({ ip: tenth(3 * i), reach: 'all' })))
  const times = Array.from({ length: 100 }, (_, i) => {
    const started = performance.now()
    reflex.update([{ ip: tenth(300 * i + 1), reach: 'all' }])
    return performance.now() - started
  })
  return median(times)
}

const [kernel, ours] = await compare()
const [kernelWhileBusy, oursWhileBusy] = await whileBusy(compare())
const [sent = 0, answered = 0] = await run(OURS, 'rate', '20000', '3')
const [noiseShareOfCore, noisePerSecond] = await underNoise()
const measured: Measured = {
  kernel,
  ours,
  kernelWhileBusy,
  oursWhileBusy,
  unansweredShare: 1 - answered / sent,
  noiseShareOfCore,
  noisePerSecond,
  updateMs: update(),
}
process.stdout.write(JSON.stringify(measured))
reflex.close()
links.close()
