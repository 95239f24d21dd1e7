// SPDX-License-Identifier: Apache-2.0
/** Controller and speaker as small Pods: a fifth of a core, 128 MiB, no capability but NET_RAW. */
import assert from 'node:assert/strict'
import type { ApiClient } from '../../lab/cluster/api-client.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { type Objects, observedAll } from '../../lab/cluster/observe.ts'
import { Quota } from '../../lab/cluster/quota.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { Figure } from '../bench/figure.ts'
import { Assignments } from './assignments.ts'
import { allAssigned, createEndpoints, createServices } from './churn.ts'
import { makeScene, type Scene, startController, startSpeaker } from './scene.ts'

const COUNT = 2000
const SMALL = { cores: 0.2, memoryBytes: 128 * 2 ** 20 }
/** Status objects come at 50 a second, and events last. */
const PATIENCE_MS = 120_000

/** What was lost is a count, with the bound 0. */
export async function bench(): Promise<readonly Figure[]> {
  const scene = await makeScene()
  const assignments = new Assignments()
  try {
    return await inSmallPods(scene, assignments)
  } finally {
    assignments.stop()
    await scene.server.stop()
  }
}

async function inSmallPods(scene: Scene, assignments: Assignments): Promise<readonly Figure[]> {
  const { client } = scene.server
  const [ours, theirs] = [new Quota(SMALL), new Quota(SMALL)]
  const controller = await startController(scene, ours.within)
  const speaker = await startSpeaker(scene, theirs.within)
  const programs = [controller, speaker]
  try {
    await assignments.start(client)
    const [lastCreate] = await Promise.all([createServices(client, 0, COUNT), createEndpoints(client, 0, COUNT)])
    const lastAddress = await allAssigned(assignments, 0, COUNT)
    const silent = await lacking(client, '/api/v1/namespaces/default/events', eventSubject)
    const absent = await lacking(client, STATUSES, statusSubject)
    assert.ok(
      programs.every(({ hasEnded }) => !hasEnded),
      programs.map((one) => one.lastWords()).join('\n'),
    )
    const name = `a small Pod, ${COUNT.toLocaleString('en-US')} Services`
    return [
      { name: `${name}: last address after last create`, value: lastAddress - lastCreate, unit: 'ms', bound: null },
      { name: `${name}: processes killed for their memory`, value: ours.kills() + theirs.kills(), unit: '', bound: 0 },
      { name: `${name}: Services without their event`, value: silent, unit: '', bound: 0 },
      { name: `${name}: Services without their speaker's status`, value: absent, unit: '', bound: 0 },
      { name: `${name}: controller, RSS`, value: controller.rssMb(), unit: 'MB', bound: null },
      { name: `${name}: speaker, RSS`, value: speaker.rssMb(), unit: 'MB', bound: null },
    ]
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
  }
}

const STATUSES = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses'

const eventSubject = (event: unknown) =>
  fieldAt(event, 'reason') === 'IPAllocated' ? fieldAt(event, 'involvedObject', 'name') : undefined
const statusSubject = (status: unknown) => fieldAt(status, 'status', 'serviceName')

/** How many Services no object of the collection is about, when none is missing any more or patience is at its end. */
async function lacking(client: ApiClient, path: string, subjectOf: (object: unknown) => unknown): Promise<number> {
  const missing = (objects: Objects) => {
    const subjects = new Set([...objects.values()].map(subjectOf))
    return Array.from({ length: COUNT }, (_, index) => `service-${index}`).filter((name) => !subjects.has(name)).length
  }
  let latest = COUNT
  const holds = (objects: Objects) => (latest = missing(objects)) === 0
  try {
    await observedAll(client, path, { holds, what: 'an object for each Service', deadlineMs: PATIENCE_MS })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
  }
  return latest
}
