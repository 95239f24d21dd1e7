// SPDX-License-Identifier: Apache-2.0
/**
 * How the ARP reflex compares with the kernel answering for its own address, measured by turns in one run: medians of
 * rounds of requests 0.2 ms apart over a veth pair, client and responder on one machine. The kernel answers inside the
 * client's own system call, so it never wakes a thread; most of our time is the scheduler waking ours.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inNamespace } from '../lab/wire-namespace.ts'
import type { Measured } from './arp-scene.ts'
import type { Figure } from './figure.ts'

const microseconds = (ns: number) => `${(ns / 1000).toFixed(1)} µs`

const against = (a: number, b: number) => `${microseconds(a)} against the kernel's ${microseconds(b)}`

const inHand = (a: number, b: number) =>
  `${against(a, b)}, from asking until the client, asleep meanwhile, has the answer`

export async function bench(): Promise<Figure[]> {
  const [program, args] = inNamespace([process.execPath, join(import.meta.dirname, 'arp-scene.ts')])
  const { stdout } = await promisify(execFile)(program, args, { timeout: 180_000 })
  const measured: Measured = JSON.parse(stdout)
  const { kernel, ours, kernelWhileBusy, oursWhileBusy } = measured
  return [
    { name: 'ARP answer, p50', value: ours.p50 / kernel.p50, unit: '', bound: 3, note: inHand(ours.p50, kernel.p50) },
    {
      name: 'ARP answer, p50, without the wake-up of the asking process',
      value: ours.p50Arrival / kernel.p50Arrival,
      unit: '',
      bound: null,
      note: `${against(ours.p50Arrival, kernel.p50Arrival)}, until the kernel's time stamp of the answer's arrival`,
    },
    {
      name: 'ARP answer, p99, while the main thread parses 10 MB of JSON',
      value: oursWhileBusy.p99 / kernelWhileBusy.p99,
      unit: '',
      bound: 10,
      note: inHand(oursWhileBusy.p99, kernelWhileBusy.p99),
    },
    { name: 'ARP: share of 20,000 requests/s left unanswered', value: measured.unansweredShare, unit: '', bound: 0 },
    {
      name: 'ARP: cost of other traffic, 100,000 packets/s',
      value: 100 * measured.noiseShareOfCore,
      unit: '% of a core',
      bound: 1,
      note: `${Math.round(measured.noisePerSecond)} packets/s were sent`,
    },
    { name: 'ARP: one changed address among 10,000, table and filter', value: measured.updateMs, unit: 'ms', bound: 1 },
  ]
}
