// SPDX-License-Identifier: Apache-2.0
/**
 * `make bench`: every *.bench.ts beside this file, and the exit status 1 if a figure is beyond its bound.
 * `--tolerance 2` allows twice the bound; `--record` adds the run to docs/performance.md; names pick benches;
 * `--folder bench-cluster` takes those of another folder of test/.
 */
import { execFileSync, fork } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'
import { bestOf, isBeyond, isWorthAnotherRun, report, withRun } from './report.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUNS = 3
const PAGE = join(ROOT, 'docs/performance.md')

const { values: flags, positionals: names } = parseArgs({
  options: {
    tolerance: { type: 'string', default: '1' },
    record: { type: 'boolean', default: false },
    folder: { type: 'string', default: 'bench' },
  },
  allowPositionals: true,
})

const FOLDER = join(ROOT, 'test', flags.folder)

async function measure(file: string): Promise<readonly Figure[]> {
  // What is recorded may take longer than CI has time for.
  const env = { ...process.env, ...(flags.record && { METALLB_BENCH_RECORD: '1' }) }
  const child = fork(join(import.meta.dirname, 'child.ts'), [join(FOLDER, file)], { env })
  return await new Promise((resolve, reject) => {
    let figures: readonly Figure[] | undefined
    child.on('message', (message: readonly Figure[]) => (figures = message))
    child.on('exit', (code) => {
      if (figures !== undefined && code === 0) resolve(figures)
      else reject(new Error(`${file} ended with status ${code} and ${figures ? 'figures' : 'no figures'}`))
    })
  })
}

/** The kind of machine and how busy it was, for comparing runs; nothing that names it. */
function machine(load: number): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const linux = `Linux ${release().split('.').slice(0, 2).join('.')}`
  return `${cpus().length} × ${model}, ${linux}, Node ${process.versions.node}; load ${load.toFixed(1)} when it began.`
}

/**
 * Whatever else runs on the machine can only make a time larger, so a bench beyond a bound is measured again, twice at
 * most, and each of its figures is the best of its runs; the note says so. Not so what may never happen: once is too
 * often, so there is no other run for its sake, and its figure is the worst of those that there are.
 */
async function measureFairly(file: string, allowed: number): Promise<readonly Figure[]> {
  let best = await measure(file)
  for (let runs = 2; runs <= RUNS && best.some((figure) => isWorthAnotherRun(figure, allowed)); runs++) {
    best = bestOf(best, await measure(file), runs)
  }
  return best
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
}

function record(figures: readonly Figure[]): void {
  const commit =
    git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : ' with changes')
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(PAGE, withRun(page, { date, commit, machine: machine(busy), figures }))
}

const busy = loadavg()[0] ?? 0
const tolerance = Number(flags.tolerance)
const figures: Figure[] = []
for (const file of globSync('*.bench.ts', { cwd: FOLDER }).toSorted()) {
  if (names.length === 0 || names.includes(file.replace('.bench.ts', '')))
    figures.push(...(await measureFairly(file, tolerance)))
}
process.stdout.write(report(figures, tolerance))
if (figures.length === 0 || figures.some((figure) => isBeyond(figure, tolerance))) process.exitCode = 1
if (flags.record) record(figures)
