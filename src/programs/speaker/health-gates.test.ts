// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import { createLog } from '../../lib/log.ts'
import { type Gate, type GateKey, gateKey } from '../../plan/gate.ts'
import { HealthGates } from './health-gates.ts'
import type { GateStates } from './ring-metadata.ts'
import type { Planned } from './speaker.ts'

const GATE: Gate = { port: 8080, path: '/' }
const HEALTHZ: Gate = { port: 32_100, path: '/healthz' }
/** One probe of each gate; two good ones pass, three bad ones fail (health/fsm.ts). */
const INTERVAL_MS = 2000
const RISEN_MS = 2 * INTERVAL_MS
const FALLEN_MS = 3 * INTERVAL_MS

/** Modules of health checks that were loaded. */
const loaded: string[] = []
registerHooks({
  load(url, context, nextLoad) {
    if (url.includes('/src/health/')) loaded.push(url)
    return nextLoad(url, context)
  },
})

function announced(key: string, gate: Gate | null = GATE): Planned {
  return { key, uid: `uid of ${key}`, l2: { announce: true, claims: [] }, bgp: null, gate }
}
function notOurs(key: string, gate: Gate | null = GATE): Planned {
  return { key, uid: `uid of ${key}`, l2: { announce: false, reason: 'notOwner', message: '' }, bgp: null, gate }
}
const gone = (key: string): Planned => ({ key, uid: '', l2: null, bgp: null, gate: null })

function rig() {
  const clock = new SimClock()
  const healthy = new Set<GateKey>()
  const seen = { probes: [] as string[], states: [] as GateStates[], events: [] as string[], lines: [] as string[] }
  const opened = Promise.withResolvers<void>()
  let probers = 0
  const gates = new HealthGates({
    clock,
    log: createLog('all', (line) => {
      const { level, msg, port } = JSON.parse(line)
      seen.lines.push(`${level} ${port}: ${msg}`)
    }),
    address: () => '192.0.2.1',
    onStates: (states) => seen.states.push(states),
    event: ({ object, type, reason, uid, message }) => {
      assert.match(
        message,
        /^port \d+ \(annotation healthCheckNodePort\) has answered 200 on no node, so it is ignored; /,
      )
      seen.events.push(`${type} ${reason} ${object.kind} ${object.namespace}/${object.name} (${uid})`)
    },
    openProbe: ({ address }) => {
      probers++
      opened.resolve()
      return async (gate) => {
        const key = gateKey({ port: gate.port, path: gate.path === '/healthz' ? '/healthz' : '/' })
        seen.probes.push(`${address()} ${key}`)
        return healthy.has(key) ? { ok: true } : { ok: false, reason: 'nobody listens there' }
      }
    },
  })
  /** The prober is loaded in real time. */
  const ready = async () => {
    await opened.promise
    await clock.advance(0)
  }
  return { gates, clock, healthy, ready, ...seen, probers: () => probers }
}

const passing = (states: GateStates | undefined) => [states?.passed, ...(states?.listed ?? [])].join(' ')

test('the prober is loaded with the first Service that asks for a check, and not before', async () => {
  const { gates, ready, clock, probes, states } = rig()
  gates.planned(announced('a/web', null))
  gates.planned(notOurs('a/dns', null))
  gates.planned(gone('a/mail'))
  await clock.advance(FALLEN_MS)
  assert.deepEqual([loaded, probes, states], [[], [], []])
  gates.planned(announced('a/web'))
  await ready()
  const modules = new Set(loaded.map((url) => url.replace(/.*\/src\/health\//, '')))
  assert.ok(modules.has('gates.ts') && modules.has('probe.ts'))
  assert.deepEqual(probes, ['192.0.2.1 8080/'])
  gates.close()
})

test('Services with the same check cost one probe, and a turn of the loop tells the ring once', async () => {
  const { gates, ready, clock, probes, states, probers } = rig()
  for (const key of ['a/1', 'a/2', 'a/3']) gates.planned(notOurs(key))
  gates.planned(announced('a/4', HEALTHZ))
  await ready()
  for (const key of ['a/5', 'a/6', 'a/7']) gates.planned(notOurs(key))
  await clock.advance(0)
  assert.equal(states.length, 2)
  await clock.advance(INTERVAL_MS - 1)
  assert.deepEqual(probes.toSorted(), ['192.0.2.1 32100/healthz', '192.0.2.1 8080/'])
  assert.equal(probers(), 1)
  gates.close()
})

test('the ring is told which checks pass here, as soon as that changes', async () => {
  const { gates, ready, clock, healthy, states, lines } = rig()
  healthy.add('8080/')
  gates.planned(notOurs('a/web'))
  gates.planned(notOurs('a/dns', HEALTHZ))
  await ready()
  assert.equal(passing(states.at(-1)), 'only')
  await clock.advance(RISEN_MS)
  assert.equal(passing(states.at(-1)), 'only 8080/')
  healthy.clear()
  healthy.add('32100/healthz')
  await clock.advance(FALLEN_MS)
  assert.equal(passing(states.at(-1)), 'only 32100/healthz')
  assert.deepEqual(lines, [
    'info 8080: the health check on port 8080 is passing',
    'info 32100: the health check on port 32100 is passing',
    'warn 8080: the health check on port 8080 fails here: nobody listens there',
  ])
  gates.close()
})

test('a check ends with the last Service that asks for it, and begins anew with the next', async () => {
  const { gates, ready, clock, healthy, probes, states } = rig()
  healthy.add('8080/')
  gates.planned(announced('a/web'))
  gates.planned(notOurs('a/dns'))
  await ready()
  await clock.advance(RISEN_MS)
  gates.planned(gone('a/web'))
  await clock.advance(INTERVAL_MS)
  assert.equal(passing(states.at(-1)), 'only 8080/')
  gates.planned(notOurs('a/dns', null)) // its annotation was removed
  await clock.advance(0)
  assert.equal(passing(states.at(-1)), 'only')
  probes.length = 0
  await clock.advance(FALLEN_MS)
  assert.deepEqual(probes, [])
  gates.planned(announced('a/web'))
  await clock.advance(0)
  assert.equal(passing(states.at(-1)), 'only')
  await clock.advance(RISEN_MS)
  assert.equal(passing(states.at(-1)), 'only 8080/')
  gates.close()
})

test('closed, also while the prober is being loaded, it probes nothing and tells nothing', async () => {
  const { gates, clock, probes, states, probers } = rig()
  gates.planned(announced('a/web'))
  await Promise.resolve() // the turn is over
  gates.close()
  await new Promise((resolve) => {
    setTimeout(resolve, 50)
  })
  gates.planned(announced('a/dns', HEALTHZ))
  await clock.advance(FALLEN_MS)
  assert.deepEqual([probes, states, probers(), clock.waiting], [[], [], 0, 0])
})

type Rig = ReturnType<typeof rig>
const WARNING = 'Warning healthCheckNeverPassed Service a/web (uid of a/web)'
const replanned = ({ gates }: Rig) => gates.planned(announced('a/web'))

/** What happens, half of it before the first probe, half of it after so many intervals; and what is said in all. */
const WARNINGS: [string, (rig: Rig) => void, number, (rig: Rig) => void | Promise<void>, readonly string[]][] = [
  ['said once for a Service, however often it is planned', replanned, 3, replanned, [WARNING]],
  ['not before three probes have failed', replanned, 1.9, ({ gates }) => gates.close(), []],
  ['not by a node that does not announce it', ({ gates }) => gates.planned(notOurs('a/web')), 3, () => {}, []],
  ['by the node that announces it later', ({ gates }) => gates.planned(notOurs('a/web')), 3, replanned, [WARNING]],
  [
    'for each Service',
    ({ gates }) => {
      gates.planned(announced('a/web'))
      gates.planned(announced('a/dns'))
    },
    3,
    () => {},
    [WARNING, WARNING.replaceAll('web', 'dns')],
  ],
  [
    'for the next check of the same Service, too',
    replanned,
    3,
    ({ gates }) => gates.planned(announced('a/web', HEALTHZ)),
    [WARNING, WARNING],
  ],
  [
    'for a Service that is made anew, too',
    replanned,
    3,
    ({ gates }) => {
      gates.planned(gone('a/web'))
      gates.planned(announced('a/web'))
    },
    [WARNING, WARNING],
  ],
  [
    'not where it passed here before',
    (all) => {
      all.healthy.add('8080/')
      replanned(all)
    },
    2,
    ({ healthy }) => healthy.clear(),
    [],
  ],
  [
    'not where another node passes it, or did',
    replanned,
    1,
    ({ gates }) => {
      gates.heard((gate) => gate === '8080/')
      gates.heard(() => false)
    },
    [],
  ],
  [
    'not where another node passed it before a Service asked here',
    (all) => {
      all.gates.heard((gate) => gate === '8080/')
      replanned(all)
      all.gates.heard(() => false)
    },
    3,
    () => {},
    [],
  ],
  [
    'also where it passed until nobody asked for it any more',
    (all) => {
      all.healthy.add('8080/')
      replanned(all)
    },
    2,
    async ({ gates, healthy, clock }) => {
      healthy.clear()
      gates.planned(gone('a/web'))
      await clock.advance(0)
      gates.planned(announced('a/web'))
    },
    [WARNING],
  ],
  [
    'also where another node passes another check',
    (all) => {
      all.gates.heard((gate) => gate === '8080/healthz')
      replanned(all)
    },
    3,
    () => {},
    [WARNING],
  ],
]
for (const [name, first, intervals, then, expected] of WARNINGS) {
  test(`a check that no node ever passed: ${name}`, async () => {
    const all = rig()
    first(all)
    await all.ready()
    await all.clock.advance(intervals * INTERVAL_MS)
    await then(all)
    await all.clock.advance(FALLEN_MS + INTERVAL_MS)
    assert.deepEqual(all.events, expected)
    all.gates.close()
  })
}
