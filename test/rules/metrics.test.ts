// SPDX-License-Identifier: Apache-2.0
/** docs/metrics.md lists exactly the metrics that there are, each with its type and labels. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { Metrics } from '../../src/lib/metrics.ts'
import { registerClientMetrics } from '../../src/programs/client-metrics.ts'
import { Allocations } from '../../src/programs/controller/allocations.ts'
import { registerAllocatorMetrics } from '../../src/programs/controller/metrics.ts'
import { registerProcessMetrics } from '../../src/programs/listeners/process-metrics.ts'
import { registerPeerMetrics } from '../../src/programs/speaker/bgp-metrics.ts'
import { registerSpeakerMetrics } from '../../src/programs/speaker/metrics.ts'
import { files, read } from './tree.ts'

type Row = Readonly<{ name: string; type: string; labels: string; of: string }>

const ROW = /^\| `(\w+)` \| (\w+) \| ([\w, ]*) ?\| (\w+) \| /gm
const rows: Row[] = [...read('docs/metrics.md').matchAll(ROW)].map(
  ([, name = '', type = '', labels = '', of = '']) => ({
    name,
    type,
    labels: labels.trim(),
    of,
  }),
)

const unasked = () => assert.fail('nobody scrapes here')

/** What the daemon registers; a name that it registers twice throws. */
function registered(daemon: 'controller' | 'speaker'): string[] {
  const metrics = new Metrics()
  registerProcessMetrics(metrics, daemon, systemClock)
  const configuration = { model: null, problems: [] }
  registerClientMetrics(metrics, { updates: unasked, errors: unasked, configuration })
  if (daemon === 'controller') {
    registerAllocatorMetrics(metrics, { counters: unasked, allocations: new Allocations(systemClock) })
  } else {
    const readings = { errors: unasked, decisions: unasked, leaders: unasked, members: unasked, counters: unasked }
    const conflicts = { active: unasked, counts: unasked }
    registerSpeakerMetrics(metrics, { node: '', configuration, conflicts, ...readings })
    const peers = { node: '', peers: unasked, configured: unasked, sent: unasked, held: unasked, bfd: unasked }
    registerPeerMetrics(metrics, peers)
  }
  return metrics.described().map(({ name, type, labelNames }) => `${name} ${type} {${labelNames.join(', ')}}`)
}

for (const daemon of ['controller', 'speaker'] as const) {
  test(`docs/metrics.md lists the metrics of the ${daemon}`, () => {
    const listed = rows.filter(({ of }) => of === daemon || of === 'both')
    assert.deepEqual(
      listed.map(({ name, type, labels }) => `${name} ${type} {${labels}}`).toSorted(),
      registered(daemon).toSorted(),
    )
  })
}

test('every metric that a source names is listed', () => {
  const sources = files().filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'))
  const named = sources.flatMap((path) => [...read(path).matchAll(/'((?:metallb|process|nodejs)_[a-z0-9_]+)'/g)])
  const listed = new Set(rows.map(({ name }) => name))
  assert.ok(named.length >= listed.size)
  assert.deepEqual(
    named.flatMap(([, name = '']) => (listed.has(name) ? [] : [name])),
    [],
  )
})
