// SPDX-License-Identifier: Apache-2.0
/** `metallb check PATH…`: everything that is wrong with these files, all at once, without a cluster. */
import { parseCidr, rangeOf } from '../../../lib/prefix.ts'
import type { Problem } from '../../../lib/problem.ts'
import { EXIT, judge, usage } from '../exit.ts'
import { readPaths } from '../paths.ts'
import type { CheckCode } from './codes.ts'
import { collectProblems } from './collect.ts'
import { formatGithub } from './format-github.ts'
import { formatJson } from './format-json.ts'
import { formatSarif } from './format-sarif.ts'
import { formatText } from './format-text.ts'
import type { OutputFormat } from './output-formats.ts'
import { countsOf, type Format } from './report.ts'
import type { Network } from './subject.ts'

const FORMATS: Readonly<Record<OutputFormat, Format>> = {
  text: formatText,
  json: formatJson,
  sarif: formatSarif,
  github: formatGithub,
}

export type CheckOptions = Readonly<{
  output: OutputFormat
  /** Warnings fail, too. */
  strict: boolean
  /** Where metallb.io objects count. */
  namespace: string
  lbClass: readonly string[]
  /** CIDRs. */
  podNetwork: readonly string[]
  serviceNetwork: readonly string[]
}>

/** The program: prints to stdout and sets the exit status. */
export async function main(paths: readonly string[], options: CheckOptions): Promise<void> {
  await judge('check', async () => {
    const { text, status } = await check(paths, options)
    process.stdout.write(text)
    return status
  })
}

/** What the program prints, and its exit status. Throws a Fault for arguments and files that cannot be read. */
export async function check(
  paths: readonly string[],
  options: CheckOptions,
): Promise<Readonly<{ text: string; status: number }>> {
  const { namespace, lbClass: classes } = options
  const networks = [...networksOf('Pod', options.podNetwork), ...networksOf('Service', options.serviceNetwork)]
  const files = await readPaths(paths, { namespace })
  const found = collectProblems(files, { namespace, classes, networks })
  const isEmpty = files.entries.length === 0 && files.ignored.size === 0 && found.length === 0
  const problems = isEmpty ? [nothingFound(paths)] : found
  const text = FORMATS[options.output]({ problems, objects: files.entries.length, lineOf: files.lineOf })
  const { errors, warnings } = countsOf(problems)
  return { text, status: errors > 0 || (options.strict && warnings > 0) ? EXIT.refused : EXIT.fine }
}

/** A path that is wrong must not pass for manifests that are right. */
function nothingFound(paths: readonly string[]): Problem {
  const where = paths.map((path) => (path === '-' ? 'stdin' : path)).join(', ')
  const message = `no Kubernetes object was found in ${where}; name files, or directories with *.yaml, *.yml or *.json`
  const code: CheckCode = 'nothingFound'
  return {
    severity: 'warning',
    object: { kind: '', namespace: '', name: '' },
    field: '',
    code,
    message,
    transient: false,
  }
}

function networksOf(use: Network['use'], texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    const cidr = parseCidr(text)
    if (cidr) return { use, text, range: rangeOf(cidr) }
    throw usage(`--${use.toLowerCase()}-network ${JSON.stringify(text)} is no prefix; write one such as 10.244.0.0/16`)
  })
}
