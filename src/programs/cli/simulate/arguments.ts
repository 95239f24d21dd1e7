// SPDX-License-Identifier: Apache-2.0
/** The command line of `simulate`: what follows `--then` belongs to it, so the order of arguments matters. */
import { parseArgs } from 'node:util'
import { reasonOf } from '../../../lib/fault.ts'
import { keyOf } from '../../../lib/object.ts'
import { METALLB_KINDS } from '../../../manifests/schema.ts'
import { parseClasses as commaSeparated } from '../../../model/service.ts'
import { usage } from '../exit.ts'

export type StepArguments = Readonly<{ paths: readonly string[]; deletions: readonly Deletion[] }>

/** `key` as in lib/object.ts, `text` as the user wrote it. */
export type Deletion = Readonly<{ key: string; text: string }>

export type SimulateArguments = Readonly<{
  /** The first one deletes nothing. */
  steps: readonly StepArguments[]
  /** Null: JSON, or a table for a terminal. */
  output: 'json' | 'table' | null
  /** Null: every Node has a live speaker. */
  speakers: readonly string[] | null
  interfaces: ReadonlyMap<string, ReadonlySet<string>>
  namespace: string
  classes: readonly string[]
  ignoreExcludeLabel: boolean
}>

const OPTIONS = {
  // oxlint-disable-next-line unicorn/no-thenable
  then: { type: 'boolean' },
  delete: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
  speakers: { type: 'string' },
  interfaces: { type: 'string', multiple: true },
  namespace: { type: 'string' },
  'lb-class': { type: 'string' },
  'ignore-exclude-lb': { type: 'boolean' },
} as const

/** Reads the arguments after `simulate`. Throws a UsageFault that says what is wrong with them. */
export function parseArguments(args: readonly string[]): SimulateArguments {
  const { values, steps } = parse(args)
  const [first, ...later] = steps
  if (!first || first.paths.length === 0) throw usage('name a file or a directory of manifests, or - for stdin')
  if (first.deletions.length > 0) throw usage('--delete belongs to a --then: put it behind one')
  if (later.some(({ paths, deletions }) => paths.length + deletions.length === 0))
    throw usage('--then needs a file, a directory or -, or a --delete behind it')
  if (steps.flatMap(({ paths }) => paths).filter((path) => path === '-').length > 1)
    throw usage('- is named twice, and stdin can be read once')
  return {
    steps,
    output: readOutput(values.output),
    speakers: values.speakers === undefined ? null : commaSeparated(values.speakers),
    interfaces: readInterfaces(values.interfaces ?? []),
    namespace: values.namespace ?? process.env['METALLB_NAMESPACE'] ?? 'metallb-system',
    classes: commaSeparated(values['lb-class'] ?? ''),
    ignoreExcludeLabel: values['ignore-exclude-lb'] ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    const { values, tokens } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, tokens: true })
    const steps: { paths: string[]; deletions: Deletion[] }[] = [{ paths: [], deletions: [] }]
    for (const token of tokens) {
      const step = steps.at(-1)
      if (token.kind === 'positional') step?.paths.push(token.value)
      else if (token.kind === 'option' && token.name === 'then') steps.push({ paths: [], deletions: [] })
      else if (token.kind === 'option' && token.name === 'delete') step?.deletions.push(readDeletion(token.value ?? ''))
    }
    return { values, steps }
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    // node:util says what to do with an argument that begins with a dash in a second sentence.
    throw usage(`${reasonOf(thrown).split(/\.\s/)[0] ?? ''}; metallb simulate --help lists what there is`)
  }
}

function readOutput(text: string | undefined): SimulateArguments['output'] {
  const format = text?.replace(/^=/, '')
  if (format === undefined || format === 'json' || format === 'table') return format ?? null
  throw usage(`-o ${format}: expected json or table`)
}

const CLUSTER_KINDS: ReadonlySet<string> = new Set(['Node', 'Namespace'])
const NAMESPACED_KINDS: ReadonlySet<string> = new Set([
  'Service',
  'EndpointSlice',
  'Secret',
  'ConfigMap',
  ...METALLB_KINDS,
])

function readDeletion(text: string): Deletion {
  const [kind = '', ...rest] = text.split('/')
  const isCluster = CLUSTER_KINDS.has(kind)
  if (!isCluster && !NAMESPACED_KINDS.has(kind)) {
    const kinds = [...NAMESPACED_KINDS, ...CLUSTER_KINDS].join(', ')
    throw usage(`--delete ${text}: "${kind}" is no kind that decides anything here; they are ${kinds}`)
  }
  const wanted = isCluster ? `${kind}/NAME` : `${kind}/NAMESPACE/NAME`
  if (rest.length !== (isCluster ? 1 : 2) || rest.includes('')) throw usage(`--delete ${text}: expected ${wanted}`)
  const [namespace = '', name = ''] = isCluster ? ['', ...rest] : rest
  return { key: keyOf(kind, namespace, name), text }
}

function readInterfaces(texts: readonly string[]): Map<string, ReadonlySet<string>> {
  const interfaces = new Map<string, ReadonlySet<string>>()
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 1) throw usage(`--interfaces ${text}: expected NODE=eth0,eth1`)
    const node = text.slice(0, equals)
    interfaces.set(node, new Set([...(interfaces.get(node) ?? []), ...commaSeparated(text.slice(equals + 1))]))
  }
  return interfaces
}
