// SPDX-License-Identifier: Apache-2.0
/**
 * `make soak`: Services come and go for an hour (SOAK_SECONDS) among 2,000 that stay, beside a real API server, which is
 * away for 90 seconds before the measurement begins. Exit status 1 if memory, open files or turns of the loop of a
 * daemon rise (../bench/slope.ts says what that is), if an address was held twice or lost, or if a daemon logged an
 * error. Runs of less than five minutes, such as CI's, have 200 Services and an API server that stays.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { isRising, slopeOf } from '../bench/slope.ts'
import { Assignments } from './assignments.ts'
import { allAssigned, churn, createEndpoints, createServices, quantile } from './churn.ts'
import { Holders } from './holders.ts'
import { MEASURES, Recorder } from './recorder.ts'
import { makeScene, type Scene, startController, startSpeaker } from './scene.ts'

const LONG_S = 300
/** An API server ends watches after half an hour at the earliest; each stretch begins one. */
const STRETCH_MS = 300_000
const MOST_RSS_MB = 90

const seconds = Number(process.env['SOAK_SECONDS'] ?? 3600)
const isLong = seconds >= LONG_S
const plan = { services: isLong ? 2000 : 200, warmUpMs: isLong ? 60_000 : 10_000, awayMs: isLong ? 90_000 : 0 }

type Programs = Readonly<{ controller: ClusterProgram; speaker: ClusterProgram }>

/** Answers with what is wrong, in sentences. */
async function soak(scene: Scene): Promise<readonly string[]> {
  const { client } = scene.server
  const holders = new Holders()
  const controller = await startController(scene)
  await createServices(client, 0, plan.services)
  await createEndpoints(client, 0, plan.services)
  const programs = { controller, speaker: await startSpeaker(scene) }
  holders.start(client)
  await stretch(scene, plan.warmUpMs)
  if (plan.awayMs > 0) await beAway(scene)
  const rises = await measured(scene, programs)
  await sleep(1000) // the last deletions are on their way
  const held = holders.count
  holders.stop()
  if (held !== plan.services) holders.violations.push(`${held} of ${plan.services} Services hold an address at the end`)
  return [...rises, ...holders.violations, ...(await errorsOf(programs))]
}

/** Churn for so long, of Services that all get an address. */
async function stretch({ server }: Scene, durationMs: number): Promise<readonly number[]> {
  const assignments = new Assignments()
  try {
    await assignments.start(server.client)
    await allAssigned(assignments, 0, plan.services)
    return (await churn(server.client, { assignments, programs: [] }, durationMs)).latenciesMs
  } finally {
    assignments.stop()
  }
}

async function beAway({ server }: Scene): Promise<void> {
  await server.kill()
  await sleep(plan.awayMs)
  await server.start()
}

async function measured(scene: Scene, programs: Programs): Promise<readonly string[]> {
  const recorders: [string, Recorder][] = []
  for (const [name, program] of Object.entries(programs)) recorders.push([name, await Recorder.start(program)])
  const latenciesMs: number[] = []
  for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= STRETCH_MS) {
    latenciesMs.push(...(await stretch(scene, Math.min(leftMs, STRETCH_MS))))
  }
  for (const [, recorder] of recorders) recorder.stop()
  latenciesMs.sort((a, b) => a - b)
  const [p50, p99] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)]
  say(`${latenciesMs.length} Services came; create to address p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`)
  return recorders.flatMap(([name, recorder]) => rising(name, recorder))
}

/** Says how each measure went, and answers with those that rise or are beyond what they may be. */
function rising(program: string, { samples }: Recorder): string[] {
  const wrong: string[] = []
  for (const key of ['rss', 'files', 'turn'] as const) {
    const { name, unit, allowance } = MEASURES[key]
    const slope = slopeOf(samples[key])
    const [first, last] = [samples[key][0]?.value ?? Number.NaN, samples[key].at(-1)?.value ?? Number.NaN]
    const tilt = `${slope.perHour.toFixed(1)} ± ${slope.noisePerHour.toFixed(1)} ${unit} an hour in the later half`
    const what = `${program}, ${name}: ${first.toFixed(1)} to ${last.toFixed(1)} ${unit}, ${tilt}`
    say(what)
    if (isRising(slope, allowance)) wrong.push(`it rises: ${what}; allowed are ${allowance.perHour} an hour`)
    if (key === 'rss' && !(last <= MOST_RSS_MB)) wrong.push(`more than ${MOST_RSS_MB} MB: ${what}`)
  }
  return wrong
}

async function errorsOf(programs: Programs): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const [name, program] of Object.entries(programs)) {
    if (program.hasEnded) wrong.push(`the ${name} ended: ${program.lastWords()}`)
    else if ((await program.stop()) !== 0) wrong.push(`the ${name} did not stop as it should: ${program.lastWords()}`)
    const errors = program.lines.filter(({ level }) => level === 'error')
    for (const error of errors) wrong.push(`the ${name} logged an error: ${JSON.stringify(error)}`)
  }
  return wrong
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const scene = await makeScene()
try {
  const wrong = await soak(scene)
  for (const sentence of wrong) say(`wrong: ${sentence}`)
  if (wrong.length > 0) process.exitCode = 1
} finally {
  await scene.server.stop()
}
