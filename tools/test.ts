// SPDX-License-Identifier: Apache-2.0
/**
 * `make test`: the stages below in their order, up to the first that fails; `make check` names some of them.
 * Prints node's closing lines of every stage that runs tests, what explains a failure, and a table at the end.
 * The whole output of a stage is kept in build/test/<stage>.log.
 */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { type Counting, closingLines, type Outcome, outcomeOf, withoutPassed } from './counts.ts'

const ROOT = join(import.meta.dirname, '..')
const LOGS = join(ROOT, 'build/test')
/** Of a stage that shares the machine with all before it. */
const AHEAD_LIMIT_MS = 1_500_000
/** Of one stage; node's own limit ends a test, but not a test file that something keeps alive. */
const LIMIT_MS = 1_500_000
const BINARIES = join(ROOT, 'node_modules/.bin')

/** One that is `ahead` starts before all others, and is waited for in its turn. */
type Stage = Readonly<{ name: string; counting: Counting; command: readonly string[]; ahead?: boolean }>
type Ended = Readonly<{ output: string; code: number }>
type Report = Readonly<{ stage: string; outcome: Outcome; seconds: number }>

/**
 * Stages whose tests neither open sockets nor ask the clock on the wall how they are doing; and one whose tests mostly
 * wait for others, each in namespaces of its own.
 */
const PARALLEL: ReadonlySet<string> = new Set(['rules', 'unit', 'worlds', 'scenarios', 'fuzz', 'interop'])

const STAGES: readonly Stage[] = [
  check('types', 'tsc'),
  check('lint', 'oxlint', '--type-aware', '--deny-warnings'),
  check('format', 'biome', 'check', '--error-on-warnings'),
  check('generated', process.execPath, 'tools/generate.ts', '--check'),
  tests('rules', 'test/rules/**/*.test.ts'),
  tests(
    'unit',
    'src/**/*.test.ts',
    'tools/**/*.test.ts',
    'test/sim/**/*.test.ts',
    'test/bench/**/*.test.ts',
    'test/bench-cluster/**/*.test.ts',
  ),
  tests('worlds', 'test/worlds/**/*.test.ts'),
  tests('scenarios', 'test/scenarios/**/*.test.ts'),
  tests('contract', 'test/contract/**/*.test.ts'),
  tests('fuzz', 'test/fuzz/**/*.test.ts'),
  tests('lab', 'test/lab/**/*.test.ts', 'lab/**/*.test.ts'),
  tests('interop', 'test/interop/**/*.test.ts'),
  // Takes minutes where the components are not in the cache yet, and no time where they are.
  { ...check('kubernetes', 'tools/build-kubernetes', 'node'), ahead: true },
  tests('cluster', 'test/cluster/**/*.test.ts'),
  tests('build', 'test/build/**/*.test.ts'),
  tests('whole', 'test/cluster-whole/**/*.test.ts'),
  {
    name: 'bench',
    counting: 'figures',
    // A busy machine is not a slow program: only twice the bound is a failure here.
    command: [process.execPath, 'test/bench/run.ts', '--tolerance', '2'],
  },
]

function check(name: string, ...command: readonly string[]): Stage {
  return { name, counting: 'one', command }
}

/** Mostly one file at a time: what opens namespaces and raw sockets should not compete for two cores. */
function tests(name: string, ...globs: readonly string[]): Stage {
  const concurrency = PARALLEL.has(name) ? 2 : 1
  const flags = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, '--test-timeout=300000']
  return { name, counting: 'tests', command: [process.execPath, ...flags, ...globs] }
}

/** Each ends one process group. */
const running = new Set<() => void>()

/**
 * Runs a command to its end and gives all that it printed. One that cannot start, or that is not done in time, says so
 * in `output`. It is the head of a process group, which ends as a whole: on its limit, and when we are interrupted.
 */
async function run({ command: [program = '', ...args], ahead = false }: Stage): Promise<Ended> {
  const PATH = [dirname(process.execPath), BINARIES, process.env['PATH'] ?? ''].join(delimiter)
  const env = { ...process.env, PATH, NO_COLOR: '1', FORCE_COLOR: '0' }
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const { promise, resolve } = Promise.withResolvers<Ended>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const endGroup = () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'))
  running.add(endGroup)
  const limitMs = ahead ? AHEAD_LIMIT_MS : LIMIT_MS
  const limit = setTimeout(() => {
    output += `\nstopped: not done after ${limitMs / 60_000} minutes\n`
    endGroup()
  }, limitMs)
  child.on('error', ({ message }) =>
    resolve({ output: `${program} does not start: ${message}; make setup\n`, code: 1 }),
  )
  child.on('close', (code) => resolve({ output, code: code ?? 1 }))
  const result = await promise
  clearTimeout(limit)
  running.delete(endGroup)
  return result
}

function endAll(): void {
  for (const endGroup of running) endGroup()
}

/** Its figure of seconds is what it kept us waiting. */
async function reportOn({ name, counting }: Stage, ending: () => Promise<Ended>): Promise<Report> {
  const started = performance.now()
  process.stdout.write(`── ${name}\n`)
  const { output, code } = await ending()
  const seconds = (performance.now() - started) / 1000
  const outcome = outcomeOf(counting, output, code)
  await writeFile(join(LOGS, `${name}.log`), output)
  if (outcome.counts.failed > 0) process.stdout.write(`${withoutPassed(output)}\n`)
  else if (counting === 'tests') process.stdout.write(`${closingLines(output)}\n`)
  else if (counting === 'figures') process.stdout.write(output)
  for (const complaint of outcome.complaints) process.stdout.write(`${name}: ${complaint}\n`)
  return { stage: name, outcome, seconds }
}

function table(stages: readonly Stage[], reports: readonly Report[]): string {
  const lines = stages.map(({ name }) => {
    const report = reports.find(({ stage }) => stage === name)
    if (!report) return `${name.padEnd(10)}  not run`
    const { passed, failed } = report.outcome.counts
    const cells = [String(passed).padStart(6), String(failed).padStart(6), report.seconds.toFixed(1).padStart(7)]
    return `${name.padEnd(10)} ${cells.join(' ')}`
  })
  return `\n${'stage'.padEnd(10)} passed failed seconds\n${lines.join('\n')}\n`
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !STAGES.some((stage) => stage.name === name))
  if (unknown.length > 0) {
    const known = STAGES.map(({ name }) => name).join(' ')
    process.stderr.write(`test: there is no stage '${unknown.join(' ')}'; stages are: ${known}\n`)
    process.exitCode = 2
    return
  }
  const stages = names.length === 0 ? STAGES : STAGES.filter(({ name }) => names.includes(name))
  await mkdir(LOGS, { recursive: true })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      endAll()
      process.exit(130)
    })
  }
  const early = new Map(stages.filter(({ ahead }) => ahead).map((stage) => [stage, run(stage)]))
  const reports: Report[] = []
  for (const stage of stages) {
    const latest = await reportOn(stage, async () => await (early.get(stage) ?? run(stage)))
    reports.push(latest)
    if (latest.outcome.counts.failed > 0) break
  }
  endAll()
  const sum = (count: 'passed' | 'failed') => reports.reduce((total, { outcome }) => total + outcome.counts[count], 0)
  const seconds = reports.reduce((total, report) => total + report.seconds, 0)
  process.stdout.write(table(stages, reports))
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed in ${seconds.toFixed(0)} s\n`)
  if (sum('failed') > 0) process.exitCode = 1
}

await main(process.argv.slice(2))
