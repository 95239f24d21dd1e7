// SPDX-License-Identifier: Apache-2.0
/**
 * The measuring process of failover-gossip.bench.ts, in a sandbox: one speaker with one Service, and 49 further members
 * of its ring on another host. Prints what the speaker uses at rest as JSON.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { objectsOf, someAddresses } from '../../lab/failover-objects.ts'
import { monotonicMs } from '../../lab/failover-record.ts'
import type { HostPlan } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { Program } from '../../lab/program.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'

export type AtRest = Readonly<{ coreShare: number; sentBitsPerSecond: number; receivedBitsPerSecond: number }>

const MEMBERS = 50
/** News of who joined have gone around by then. */
const SETTLE_MS = 10_000
const MEASURED_MS = 20_000
const [, , LAUNCHER = ''] = process.argv

const host = (name: string, last: number, ownAddresses: readonly string[]): HostPlan => {
  const mac = `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`
  return { name, address: `192.168.1.${last}`, mac, ownAddresses, routes: [], settings: {} }
}

type Used = Readonly<{ atMs: number; cpuNs: number; sent: number; received: number }>

/** Processor time of all threads, and bytes that went over eth0. */
function used(pid: number): Used {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const times = tasks.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]))
  const line = /^ *eth0: *(.*)$/m.exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))?.[1] ?? ''
  const [received = Number.NaN, , , , , , , , sent = Number.NaN] = line.split(/ +/).map(Number)
  return { atMs: monotonicMs(), cpuNs: times.reduce((sum, ns) => sum + ns, 0), sent, received }
}

function between(before: Used, after: Used): AtRest {
  const seconds = (after.atMs - before.atMs) / 1000
  return {
    coreShare: (after.cpuNs - before.cpuNs) / 1e9 / seconds,
    sentBitsPerSecond: (8 * (after.sent - before.sent)) / seconds,
    receivedBitsPerSecond: (8 * (after.received - before.received)) / seconds,
  }
}

const directory = sandboxDirectory()
assert(directory, 'this is run in a sandbox')
await settleIn()
const nodes = Array.from({ length: MEMBERS }, (_, index) => {
  return { name: `node-${index + 1}`, address: `192.168.1.${11 + index}` }
})
const [measured, ...others] = nodes
assert(measured)
const crowdAddresses = others.map(({ address }) => address)
const [one, crowd] = await buildNetwork([host(measured.name, 11, []), host('crowd', 200, crowdAddresses)])
assert(one && crowd)
const manifests = join(directory, 'manifests')
mkdirSync(manifests)
writeFileSync(join(manifests, 'objects.json'), objectsOf({ nodes, addresses: someAddresses(1) }))
const flags = ['--manifests', manifests, '--node-name', measured.name, '--run-dir', join(directory, 'run')]
const command = [LAUNCHER, 'speaker', ...flags, '--ml-bindaddr', measured.address]
const speaker = new Program({ name: 'speaker', host: one, command }, directory)
await speaker.said('"msg":"ready"')
const script = [process.execPath, join(import.meta.dirname, 'failover-crowd.ts'), JSON.stringify(nodes)]
const members = new Program({ name: 'crowd', host: crowd, command: script }, directory)
await members.said('complete', 60_000)
await sleep(SETTLE_MS)
const before = used(speaker.pid)
await sleep(MEASURED_MS)
process.stdout.write(JSON.stringify(between(before, used(speaker.pid))))
speaker.signal('SIGKILL')
members.signal('SIGKILL')
process.channel?.unref()
