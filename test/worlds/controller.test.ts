// SPDX-License-Identifier: Apache-2.0
/** `simulate A --then B` says what a running controller does that saw A and then B, with other pools in B or the same ones. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import { Controller } from '../../src/programs/controller/controller.ts'
import { holdingOf } from '../../src/programs/controller/holding.ts'
import { MemoryObjects } from '../sim/memory-objects.ts'
import { simulated } from './simulate.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-worlds-'))
after(() => rmSync(scratch, { recursive: true }))

const pool = (name: string, first: number, last: number): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system', labels: {}, annotations: {} },
  spec: { addresses: [`192.0.2.${first}-192.0.2.${last}`] },
})

type Asked = Readonly<{ name: string; wants: string; shares: boolean; port: number; day: number }>

const service = ({ name, wants, shares, port, day }: Asked): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name,
    namespace: 'default',
    labels: {},
    annotations: {
      ...(wants === '' ? {} : { 'metallb.io/loadBalancerIPs': wants }),
      ...(shares ? { 'metallb.io/allow-shared-ip': 'k' } : {}),
    },
    creationTimestamp: `2026-01-0${day}T00:00:00Z`,
  },
  spec: { type: 'LoadBalancer', ports: [{ port }] },
})

const asked = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  wants: fc.constantFrom('', '', '192.0.2.2', '192.0.2.12'),
  shares: fc.boolean(),
  port: fc.constantFrom(80, 81),
  day: fc.integer({ min: 1, max: 5 }),
})
const services = fc.uniqueArray(asked, { selector: ({ name }) => name, maxLength: 5 })
const ends = fc.integer({ min: 1, max: 5 })

async function byController(first: readonly KubeObject[], second: readonly KubeObject[], gone: readonly string[]) {
  const api = new MemoryObjects()
  api.apply(...first)
  const client = api.open()
  const log = createLog('error', () => {})
  const options = { namespace: 'metallb-system', classes: [], fillDefaults: true }
  const controller = new Controller({ source: client, sink: client, log, clock: systemClock, ...options })
  await controller.start()
  for (const name of gone) api.delete('Service', 'default', name)
  api.apply(...second)
  await controller.settled()
  await controller.stop()
  const all = [...api.objects.values()].filter(({ kind }) => kind === 'Service')
  return Object.fromEntries(all.map((object) => [object.metadata.name, addressOf(object)]))
}

function addressOf(object: KubeObject): string {
  const { ips, condition } = holdingOf(object)
  return ips.join() || (condition?.reason ?? '')
}

async function bySimulate(first: readonly KubeObject[], second: readonly KubeObject[], gone: readonly string[]) {
  const files = [first, second].map((items, at) => {
    const file = join(scratch, `${at}.json`)
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    return file
  })
  const deletions = gone.map((name) => `--delete Service/default/${name}`).join(' ')
  const { text } = await simulated(`${files[0]} --then ${files[1]} ${deletions}`)
  const found: { services: { name: string; ips: string[]; refusal: { code: string } | null }[] } = JSON.parse(text)
  return Object.fromEntries(found.services.map(({ name, ips, refusal }) => [name, ips.join() || refusal?.code]))
}

test('any Services, any two sets of pools, some Services deleted', async () => {
  await fc.assert(
    fc.asyncProperty(services, services, ends, ends, fc.subarray(['a', 'b', 'c']), async (one, two, m, n, chosen) => {
      const first = [pool('p', 1, m), ...one.map(service)]
      const second = [pool('p', 1, n), pool('q', 11, 12), ...two.map(service)]
      const there = new Set<string>(one.map(({ name }) => name))
      const again = new Set<string>(two.map(({ name }) => name))
      const gone = chosen.filter((name) => there.has(name) && !again.has(name))
      assert.deepEqual(await bySimulate(first, second, gone), await byController(first, second, gone))
    }),
    { numRuns: 100 },
  )
})

/** `web 192.0.2.1` or `web none`, for each Service. */
function addresses(found: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(found).map(([name, what = '']) => `${name} ${/^\d/.test(what) ? what : 'none'}`)
}

/** Only for those that ask for it, so that a Service may leave pool p while others wait for room there. */
const reserved = { ...pool('q', 12, 12), spec: { addresses: ['192.0.2.12/32'], autoAssign: false } }

test('any Services, pools that stay as they are, some Services deleted', async () => {
  await fc.assert(
    fc.asyncProperty(services, services, ends, fc.subarray(['a', 'b', 'c']), async (one, changed, m, chosen) => {
      const pools = [pool('p', 1, m), reserved]
      const touched = new Set<string>(changed.map(({ name }) => name))
      const gone = one.flatMap(({ name }) => (chosen.includes(name) && !touched.has(name) ? [name] : []))
      // Most Services are as they were, so that the controller has no reason of its own to look at them.
      const first = [...pools, ...one.map(service)]
      const second = [...pools, ...changed.map(service)]
      const [foretold, done] = [await bySimulate(first, second, gone), await byController(first, second, gone)]
      assert.deepEqual(addresses(foretold).toSorted(), addresses(done).toSorted())
    }),
    { numRuns: 300 },
  )
})
