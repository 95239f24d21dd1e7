// SPDX-License-Identifier: Apache-2.0
/**
 * The measuring process of the failover benches, in a sandbox. Its argument is a RoundsPlan in JSON; prints Rounds as
 * JSON. The owner of all addresses ends, stands still or is told to stop, again and again.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/failover-record.ts'
import { freeze } from '../lab/wire-namespace.ts'
import { occupied } from './failover-busy.ts'
import { OWNER, passed, Stage, type TakenOver } from './failover-stage.ts'

export type RoundsPlan = Readonly<{
  /** What starts `metallb`. */
  launcher: string
  crashes?: number
  hangs?: number
  terms?: number
  /** Time to watch that nobody takes over, first at rest and then beside busy processes. */
  restMs?: number
  busyMs?: number
  /** Per node, a command that limits its speaker. */
  within?: readonly (readonly string[])[]
}>

export type Rounds = Readonly<{
  /** Of each run, milliseconds until another answered, for each of the addresses asked for. */
  crashes: readonly (readonly number[])[]
  hangs: readonly (readonly number[])[]
  /** From the first claim by another until all addresses were claimed by others, of each crash. */
  moves: readonly number[]
  /** Longest time without an answer around each SIGTERM. */
  terms: readonly number[]
  /** Addresses that others claimed while the owner was well. */
  usurpedAtRest: number
  usurpedBesideBusy: number
  /** Longest time without an answer meanwhile. */
  silenceBesideBusyMs: number
}>

async function crash(stage: Stage): Promise<TakenOver> {
  const startedMs = monotonicMs()
  stage.scene.speaker(OWNER).signal('SIGKILL')
  const taken = await stage.takenOver(startedMs)
  await stage.restart()
  await stage.settled()
  return taken
}

async function hang(stage: Stage): Promise<readonly number[]> {
  const startedMs = monotonicMs()
  await freeze(stage.scene.speaker(OWNER).pid)
  const { answeredMs } = await stage.takenOver(startedMs)
  stage.scene.speaker(OWNER).signal('SIGCONT')
  await stage.settled()
  return answeredMs
}

async function term(stage: Stage): Promise<number> {
  const startedMs = monotonicMs()
  stage.scene.speaker(OWNER).signal('SIGTERM')
  await stage.scene.speaker(OWNER).ended()
  await sleep(500)
  const longestMs = await stage.longestSilenceMs({ fromMs: startedMs, toMs: monotonicMs() })
  await stage.restart()
  await stage.settled()
  return longestMs
}

async function times<T>(count: number, round: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = []
  while (results.length < count) results.push(await round())
  return results
}

async function play({ launcher, crashes = 0, hangs = 0, terms = 0, restMs = 0, busyMs = 0, within = [] }: RoundsPlan) {
  const stage = await Stage.build(
    launcher,
    within.map((command) => ({ within: command })),
  )
  const rest = await passed(restMs)
  const usurpedAtRest = await stage.usurped(rest.fromMs)
  const busy = await occupied(busyMs === 0 ? 0 : 2 * availableParallelism(), () => passed(busyMs))
  const usurpedBesideBusy = await stage.usurped(busy.fromMs)
  const silenceBesideBusyMs = await stage.longestSilenceMs(busy)
  const crashed = await times(crashes, () => crash(stage))
  const rounds: Rounds = {
    crashes: crashed.map(({ answeredMs }) => answeredMs),
    moves: crashed.map(({ movedMs }) => movedMs),
    hangs: await times(hangs, () => hang(stage)),
    terms: await times(terms, () => term(stage)),
    usurpedAtRest,
    usurpedBesideBusy,
    silenceBesideBusyMs,
  }
  await stage.close()
  process.stdout.write(JSON.stringify(rounds))
}

await play(JSON.parse(process.argv[2] ?? ''))
