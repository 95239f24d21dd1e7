// SPDX-License-Identifier: Apache-2.0
/** The measuring process of bgp.bench.ts, in a sandbox. Prints what it measured as JSON. */
import assert from 'node:assert/strict'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { MORE_PORTS, routerAs, SENDERS, type Sender } from './bgp-routers.ts'
import { BgpStage, type Seen } from './bgp-stage.ts'
import { PREFIXES } from './bgp-table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const SERVICES = 1000
/** A /24 around each 256 of them. */
const CHURNED = SERVICES + Math.ceil(SERVICES / 256)

/** Of each round, until the router had the whole table. */
export type Measured = Readonly<{
  /** From a session's being up, for a table that was there before. */
  fullMs: Readonly<Record<Sender, readonly number[]>>
  bytes: Readonly<Record<Sender, number>>
  /** Our speaker again, its session up, from the moment when it is told of all Services. */
  setMs: readonly number[]
  /** While Services came and went: sessions that ended, and prefixes announced or withdrawn without need, of 4 peers. */
  resets: number
  needless: number
}>

/** Lets a session come up. Ours is a new one each time: one that has ended waits, longer each time, before it dials. */
async function open(stage: BgpStage, sender: Sender): Promise<Seen> {
  await stage.enable(sender)
  if (sender === 'ours') {
    await stage.tell({ type: 'configure', peers: [] })
    await stage.tell({ type: 'configure', peers: [routerAs('router')] })
  }
  return await stage.seen(sender, ({ isUp }) => isUp, 'the session')
}

async function handOver(stage: BgpStage, sender: Sender): Promise<Readonly<{ ms: number; bytes: number }>> {
  const { sinceMs } = await open(stage, sender)
  await stage.seen(sender, ({ imported }) => imported === PREFIXES, 'all routes')
  const ms = Date.now() - sinceMs
  const bytes = await stage.receivedBytes(sender)
  await stage.disable(sender)
  return { ms, bytes }
}

async function setAll(stage: BgpStage): Promise<number> {
  await stage.tell({ type: 'remove', from: 0, to: PREFIXES })
  await open(stage, 'ours')
  const { beganMs } = await stage.tell({ type: 'set', from: 0, to: PREFIXES })
  await stage.seen('ours', ({ imported }) => imported === PREFIXES, 'all routes')
  const ms = Date.now() - beganMs
  await stage.disable('ours')
  return ms
}

async function churn(stage: BgpStage): Promise<Pick<Measured, 'resets' | 'needless'>> {
  const names = MORE_PORTS.map((port) => `more${port}`)
  await stage.tell({ type: 'configure', peers: names.map((name, at) => routerAs(name, MORE_PORTS[at])) })
  for (const name of names) await stage.enable(name)
  const before: Seen[] = []
  for (const name of names) before.push(await stage.seen(name, ({ isUp }) => isUp, 'the session'))
  await stage.tell({ type: 'create', from: 0, to: SERVICES })
  for (const name of names) await stage.seen(name, ({ imported }) => imported === CHURNED, 'all Services')
  await stage.tell({ type: 'create', from: 0, to: SERVICES }) // nothing new
  await stage.tell({ type: 'delete', from: 0, to: SERVICES })
  for (const name of names) await stage.seen(name, ({ imported }) => imported === 0, 'no Service')
  const after: Seen[] = []
  for (const name of names) after.push(await stage.see(name))
  const resets = after.filter(({ isUp, sinceMs }, at) => !isUp || sinceMs !== before[at]?.sinceMs).length
  const needless = after.map(({ updates, withdraws }) => updates - CHURNED + (withdraws - CHURNED))
  return { resets, needless: needless.reduce((sum, one) => sum + one, 0) }
}

const directory = sandboxDirectory()
assert(directory, 'this is run in a sandbox')
await settleIn()
const stage = await BgpStage.build(directory)
await stage.tell({ type: 'configure', peers: [routerAs('router')] })
await stage.tell({ type: 'set', from: 0, to: PREFIXES })
const fullMs: Record<Sender, number[]> = { ours: [], gobgp: [], bird: [] }
const bytes: Record<Sender, number> = { ours: 0, gobgp: 0, bird: 0 }
const setMs: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  for (const sender of SENDERS) {
    const handed = await handOver(stage, sender)
    fullMs[sender].push(handed.ms)
    bytes[sender] = handed.bytes
  }
  setMs.push(await setAll(stage))
}
await stage.tell({ type: 'remove', from: 0, to: PREFIXES })
const measured: Measured = { fullMs, bytes, setMs, ...(await churn(stage)) }
process.stdout.write(JSON.stringify(measured))
stage.close()
process.exit(0)
