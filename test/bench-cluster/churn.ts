// SPDX-License-Identifier: Apache-2.0
/** Services that come and go among many that stay, and what that costs those that come. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from '../../lab/cluster/api-client.ts'
import { inParallel } from '../../lab/cluster/apply.ts'
import { endpointSlice, service } from '../../lab/cluster/objects.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import type { Assignments } from './assignments.ts'

/** As many as a busy cluster's users and their tools. */
const CLIENTS = 8
const LONGEST_MS = 60_000
/** Between one new Service and the next, each of which takes the place of one that goes. */
const PACE_MS = 50

export const NODE = 'node-1'

/** Creates Services `service-FROM` up to, and without, `service-TO`; answers the moment at which the last create returned. */
export async function createServices(client: ApiClient, from: number, to: number): Promise<number> {
  const names = Array.from({ length: to - from }, (_, index) => `service-${from + index}`)
  await inParallel(names, CLIENTS, async (name) => void (await client.create(service(name))))
  return performance.now()
}

/** What the cluster's own controller adds to a Service: where it is served. */
export async function createEndpoints(client: ApiClient, from: number, to: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_, index) => `service-${from + index}`)
  await inParallel(names, CLIENTS, async (name) => void (await client.create(endpointSlice(name, [NODE]))))
}

/** Resolves when all of them have an address, with the moment at which the last got it. */
export async function allAssigned(assignments: Assignments, from: number, to: number): Promise<number> {
  let latest = 0
  for (let index = from; index < to; index++) {
    latest = Math.max(latest, await assignments.of(`service-${index}`, LONGEST_MS))
  }
  return latest
}

export type Churn = Readonly<{
  /** From sending the create to seeing the address, sorted. */
  latenciesMs: readonly number[]
  /** Of each program: megabytes once a second. */
  rssMb: ReadonlyMap<ClusterProgram, readonly number[]>
}>

/** Replaces Services for `durationMs`: one is deleted, and another created while that is under way. */
export async function churn(
  client: ApiClient,
  { assignments, programs }: { assignments: Assignments; programs: readonly ClusterProgram[] },
  durationMs: number,
): Promise<Churn> {
  const latenciesMs: number[] = []
  const rssMb = new Map(programs.map((program) => [program, [] as number[]]))
  const sampler = setInterval(() => {
    for (const [program, samples] of rssMb) samples.push(program.rssMb())
  }, 1000)
  const live: string[] = []
  const end = performance.now() + durationMs
  for (let round = 0; performance.now() < end; round++) {
    const began = performance.now()
    const name = `churn-${Math.floor(began)}-${round}`
    const oldest = live.length > 2 ? live.shift() : undefined
    const going = oldest === undefined ? [] : [client.delete(service(oldest)), client.delete(endpointSlice(oldest, []))]
    await Promise.all([client.create(service(name)), client.create(endpointSlice(name, [NODE])), ...going])
    latenciesMs.push((await assignments.of(name, LONGEST_MS)) - began)
    live.push(name)
    await sleep(Math.max(0, PACE_MS - (performance.now() - began)))
  }
  clearInterval(sampler)
  for (const name of live) await Promise.all([client.delete(service(name)), client.delete(endpointSlice(name, []))])
  return { latenciesMs: latenciesMs.toSorted((a, b) => a - b), rssMb }
}

/** The value below which `share` of the sorted values lie; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
