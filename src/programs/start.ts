// SPDX-License-Identifier: Apache-2.0
/**
 * Which program was asked for. Each is loaded when it is asked for, so that no daemon pays for another's modules, nor
 * for those of the command line. Whatever a program throws as a Fault is the user's to read: one line, exit status 1.
 */
import { Fault } from '../lib/fault.ts'
import { supervise } from '../lib/supervise.ts'
import { CONTROLLER_FLAGS, IDLE_VARIABLES, SPEAKER_FLAGS } from './flags/daemon-flags.ts'
import { helpOf, type Reading, readFlags } from './flags/read-flags.ts'

const ABOUT = {
  controller: 'Gives Services of type LoadBalancer their addresses. Any number per cluster; one of them leads.',
  speaker: 'Makes the network send traffic for the addresses to this node. One per node.',
}
/** What shells and Go programs answer to unusable arguments. */
const UNUSABLE = 2

/** `argv` and `env` are the process's. */
export function start(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const [, , program, ...args] = argv
  if (program === 'controller') supervise('metallb', daemon(startController(args, env)))
  else if (program === 'speaker') supervise('metallb', daemon(startSpeaker(args, env)))
  else supervise('metallb', told(runCli(argv)))
}

/** A Fault is the user's to read. */
async function told(running: Promise<void>): Promise<void> {
  try {
    await running
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    process.stderr.write(`metallb: ${thrown.message}\n`)
    process.exitCode = 1
  }
}

/**
 * A daemon that is done ends at once, whatever it left: a server that was opened before the fault would answer the
 * kubelet for ever, and the pause before a retry, which nobody needs any more, can be half a minute long. Standard
 * output and error are written synchronously on Linux, so nothing that was said is lost.
 */
async function daemon(running: Promise<void>): Promise<void> {
  await told(running)
  process.exit()
}

async function startController(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const reading = readFlags(CONTROLLER_FLAGS, args, env)
  if (reading.kind !== 'values') return refuse('controller', reading)
  const { main } = await import('./controller/main.ts')
  await main(reading.values, [...reading.warnings, ...idleVariables(env)])
}

async function startSpeaker(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const reading = readFlags(SPEAKER_FLAGS, args, env)
  if (reading.kind !== 'values') return refuse('speaker', reading)
  const { main } = await import('./speaker/main.ts')
  await main(reading.values, [...reading.warnings, ...idleVariables(env)])
}

async function runCli(argv: readonly string[]): Promise<void> {
  const { run } = await import('./cli/run.ts')
  await run(argv)
}

function idleVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(IDLE_VARIABLES).flatMap(([name, reason]) =>
    env[name] ? [`${name} is accepted and has no effect: ${reason}`] : [],
  )
}

function refuse(program: keyof typeof ABOUT, reading: Exclude<Reading<{}>, { kind: 'values' }>): void {
  const flags = program === 'controller' ? CONTROLLER_FLAGS : SPEAKER_FLAGS
  if (reading.kind === 'help') {
    process.stdout.write(helpOf(program, ABOUT[program], flags))
    return
  }
  process.stderr.write(`metallb ${program}: ${reading.message}\n(metallb ${program} --help lists them)\n`)
  process.exitCode = UNUSABLE
}
