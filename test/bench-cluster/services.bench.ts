// SPDX-License-Identifier: Apache-2.0
/** 2,000 and 10,000 Services in a cluster: how long they wait for an address, what that costs, and how memory stands. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEvent } from '../../lab/cluster/audit.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import type { Figure } from '../bench/figure.ts'
import { Assignments } from './assignments.ts'
import { allAssigned, type Churn, churn, createEndpoints, createServices, quantile } from './churn.ts'
import { makeScene, type Scene, startController, startSpeaker } from './scene.ts'

const MANY = 2000
const MORE = 10_000
const CHURN_MS = 30_000
const REST_MS = 10_000
/** Changed in what concerns nobody here. */
const RELABELLED = 200
const WRITES = new Set(['create', 'update', 'patch', 'delete'])

/** Times in milliseconds, memory in megabytes (10^6 bytes); writes are counted in the API server's audit log. */
export async function bench(): Promise<readonly Figure[]> {
  const scene = await makeScene()
  const assignments = new Assignments()
  try {
    // Endpoints first, and a speaker: Services that nobody can announce would get a condition that says so.
    await createEndpoints(scene.server.client, 0, MANY)
    const controller = await startController(scene)
    const speaker = await startSpeaker(scene)
    await assignments.start(scene.server.client)
    const burst = await burstFigures(scene, assignments)
    const rest = await restFigures(scene)
    const programs = { controller, speaker }
    const few = await churnFigures(scene, assignments, { programs, count: MANY, rssBounds: [90, 90] })
    await createEndpoints(scene.server.client, MANY, MORE)
    await createServices(scene.server.client, MANY, MORE)
    await allAssigned(assignments, MANY, MORE)
    const lots = await churnFigures(scene, assignments, { programs, count: MORE, rssBounds: [150, 150] })
    await Promise.all([controller.stop(), speaker.stop()])
    return [...burst, ...rest, ...few, ...lots]
  } finally {
    assignments.stop()
    await scene.server.stop()
  }
}

async function burstFigures({ server }: Scene, assignments: Assignments): Promise<Figure[]> {
  const began = performance.now()
  const lastCreate = await createServices(server.client, 0, MANY)
  const lastAddress = await allAssigned(assignments, 0, MANY)
  await sleep(1500) // events and the pool's counters follow
  const writes = writesOf(server.auditEvents())
  const perService = writes.filter(({ objectRef }) => PER_SERVICE.has(objectRef?.resource ?? '')).length / MANY
  const pools = writes.filter(({ objectRef }) => objectRef?.resource === 'ipaddresspools').length
  const seconds = (performance.now() - began) / 1000
  const name = `${MANY.toLocaleString('en-US')} Services by 8 clients`
  return [
    { name: `${name}: last address after last create`, value: lastAddress - lastCreate, unit: 'ms', bound: 2000 },
    { name: `${name}: creating them`, value: lastCreate - began, unit: 'ms', bound: null },
    { name: `${name}: API writes for each, by the controller`, value: perService, unit: '', bound: 2 },
    { name: `${name}: writes of the pool's counters a second`, value: pools / seconds, unit: '', bound: 1 },
  ]
}

const PER_SERVICE = new Set(['services', 'events'])

/** What the controller asks for and writes when nothing happens that concerns it; the Lease is renewed all the same. */
async function restFigures({ server }: Scene): Promise<Figure[]> {
  const before = ownEvents(server.auditEvents()).length
  await sleep(REST_MS)
  const asked = ownEvents(server.auditEvents()).length - before
  const writesBefore = writesOf(server.auditEvents()).length
  for (let index = 0; index < RELABELLED; index++) {
    const body = { metadata: { labels: { touched: 'yes' } } }
    const path = `/api/v1/namespaces/default/services/service-${index}`
    await server.client.request('PATCH', path, { body, type: 'application/merge-patch+json' })
  }
  await sleep(1500)
  const written = writesOf(server.auditEvents()).length - writesBefore
  return [
    {
      name: `controller: API requests at rest in ${REST_MS / 1000} s, without the Lease`,
      value: asked,
      unit: '',
      bound: 0,
    },
    {
      name: `controller: API writes for ${RELABELLED} Services that only get a label`,
      value: written,
      unit: '',
      bound: 0,
    },
  ]
}

type ChurnPlan = Readonly<{
  programs: Readonly<{ controller: ClusterProgram; speaker: ClusterProgram }>
  count: number
  rssBounds: readonly [controller: number, speaker: number]
}>

async function churnFigures({ server }: Scene, assignments: Assignments, plan: ChurnPlan): Promise<Figure[]> {
  const { controller, speaker } = plan.programs
  const result = await churn(server.client, { assignments, programs: [controller, speaker] }, CHURN_MS)
  const present = `${plan.count.toLocaleString('en-US')} Services present, others come and go`
  const note = `${result.latenciesMs.length} Services`
  const { latenciesMs } = result
  return [
    { name: `${present}: create to address, p50`, value: quantile(latenciesMs, 0.5), unit: 'ms', bound: 50, note },
    { name: `${present}: create to address, p99`, value: quantile(latenciesMs, 0.99), unit: 'ms', bound: 250, note },
    ...memoryFigures(`${present}: controller`, rss(result, controller), plan.rssBounds[0]),
    ...memoryFigures(`${present}: speaker`, rss(result, speaker), plan.rssBounds[1]),
  ]
}

const rss = ({ rssMb }: Churn, program: ClusterProgram) => rssMb.get(program) ?? []

function memoryFigures(name: string, samples: readonly number[], bound: number): Figure[] {
  const half = Math.floor(samples.length / 2)
  const growth = mean(samples.slice(half)) - mean(samples.slice(0, half))
  return [
    { name: `${name}, RSS after ${CHURN_MS / 1000} s`, value: samples.at(-1) ?? Number.NaN, unit: 'MB', bound },
    { name: `${name}, RSS of the second half above the first`, value: growth, unit: 'MB', bound: null },
  ]
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

const CONTROLLER = 'system:serviceaccount:metallb-system:controller'

function ownEvents(events: readonly AuditEvent[]): AuditEvent[] {
  return events.filter(({ user, objectRef }) => user.username === CONTROLLER && objectRef?.resource !== 'leases')
}

function writesOf(events: readonly AuditEvent[]): AuditEvent[] {
  return ownEvents(events).filter(({ verb }) => WRITES.has(verb))
}
