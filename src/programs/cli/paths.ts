// SPDX-License-Identifier: Apache-2.0
/**
 * PATH arguments of `simulate` and `check`: files, directories and `-` for stdin → objects that know where they stand.
 *
 * What cannot be read at all (no such file, no right to it, too large) is a Fault: an answer without it would be wrong.
 * Whatever a file says, however broken or hostile, is a Problem or an object (bounds: manifests/).
 */
import { createReadStream, readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../lib/fault.ts'
import { type KubeObject, keyOf } from '../../lib/object.ts'
import type { ObjectRef, Problem } from '../../lib/problem.ts'
import { Allowance } from '../../manifests/allowance.ts'
import type { Claim } from '../../manifests/catalog.ts'
import { duplicateProblem } from '../../manifests/duplicate.ts'
import { whyOf } from '../../manifests/faults.ts'
import { readFile } from '../../manifests/file.ts'
import { reads } from '../../manifests/kinds.ts'
import { OpenText } from '../../manifests/open-text.ts'
import { comparePaths, isManifestName } from '../../manifests/paths.ts'
import { type Reading, readManifest, unreadableText } from '../../manifests/read.ts'
import { decodeText, MAX_FILE_BYTES } from '../../manifests/text.ts'

export type PathFault = { code: 'unreadablePath'; path: string }

/** An object of the kinds we read. Null: it is known by name, but a problem makes it unusable. */
export type PathEntry = Readonly<{ key: string; ref: ObjectRef; object: KubeObject | null }>

/** What stands in all files together. */
export type PathObjects = Readonly<{
  /** One for each object, in the order of reading; of several the last usable one. */
  entries: readonly PathEntry[]
  /** With file, line and column: of the files, of single objects, and objects that stand more than once. */
  problems: readonly Problem[]
  /** `apps/v1 Deployment` → how many objects of kinds that we do not read there are. */
  ignored: ReadonlyMap<string, number>
  /** Fills in file, line and column of a problem about one of the objects. */
  locate(problem: Problem): Problem
  /** The text of a line (from 1) of a file, as problems name it. */
  lineOf(file: string, line: number): string | undefined
}>

/**
 * Reads files in the order of the arguments, directories as a whole and in bytewise order of paths (`*.yaml`, `*.yml`,
 * `*.json`, hidden names passed over). `namespace` is where metallb.io objects count. Throws a PathFault.
 */
export async function readPaths(
  paths: readonly string[],
  { namespace }: Readonly<{ namespace: string }>,
): Promise<PathObjects> {
  if (paths.filter((path) => path === '-').length > 1) throw unreadable('-', 'it is named twice, and can be read once')
  const shelf = new Shelf()
  const allowance = new Allowance(0)
  for (const path of paths) {
    for await (const { file, bytes } of openPath(path)) {
      const decoded = decodeText(bytes)
      const reading = decoded.ok
        ? toEnd(readManifest(decoded.text, { file, namespace, reads, allowance }))
        : unreadableText(decoded.text, decoded.flaw, file)
      shelf.put(file, decoded.text, reading)
    }
  }
  return shelf.close()
}

class Shelf {
  readonly #texts = new Map<string, OpenText>()
  readonly #claims = new Map<string, Claim[]>()
  readonly #problems: Problem[] = []
  readonly #ignored = new Map<string, number>()

  put(file: string, text: string, { entries, problems, foreign }: Reading): void {
    this.#texts.set(file, new OpenText(text))
    for (const entry of entries) {
      const claims = this.#claims.get(entry.key)
      if (claims) claims.push({ file, entry })
      else this.#claims.set(entry.key, [{ file, entry }])
    }
    for (const problem of problems) this.#problems.push(problem)
    for (const kind of foreign) this.#ignored.set(kind, (this.#ignored.get(kind) ?? 0) + 1)
  }

  close(): PathObjects {
    const winners = new Map([...this.#claims].map(([key, claims]) => [key, winnerOf(claims)]))
    return {
      entries: [...winners.values()].map(({ entry: { key, ref, object } }) => ({ key, ref, object })),
      problems: [...this.#problems, ...this.#duplicates()],
      ignored: this.#ignored,
      locate: (problem) => {
        const { kind, namespace, name } = problem.object
        const claim = winners.get(keyOf(kind, namespace, name))
        if (problem.file !== undefined || !claim) return problem
        return { ...problem, ...this.#spot(claim, problem.field) }
      },
      lineOf: (file, line) => this.#texts.get(file)?.line(line),
    }
  }

  #duplicates(): Problem[] {
    const several = [...this.#claims.values()].filter((claims) => claims.length > 1)
    return several.map((claims) => {
      const spots = claims.map((claim) => this.#spot(claim, ''))
      return duplicateProblem(winnerOf(claims).entry.ref, spots)
    })
  }

  #spot({ file, entry }: Claim, field: string): { file: string; line?: number; column?: number } {
    return { file, ...this.#texts.get(file)?.at(entry.place, field) }
  }
}

function winnerOf(claims: readonly Claim[]): Claim {
  const winner = claims.findLast(({ entry }) => entry.object !== null) ?? claims.at(-1)
  if (!winner) throw new RangeError('an object stands somewhere')
  return winner
}

function toEnd<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

type Content = Readonly<{ file: string; bytes: Uint8Array }>

async function* openPath(path: string): AsyncGenerator<Content> {
  if (path === '-') {
    yield { file: path, bytes: await collect(path, process.stdin) }
    return
  }
  const stat = statOf(path)
  if (stat.isDirectory()) {
    for (const file of listed(path)) yield { file, bytes: bytesOf(file) }
  } else if (stat.isFile()) yield { file: path, bytes: bytesOf(path) }
  // A pipe, as in `metallb check <(helm template …)`.
  else yield { file: path, bytes: await collect(path, createReadStream(path)) }
}

function bytesOf(path: string): Uint8Array {
  const reading = readFile(path, undefined)
  switch (reading.type) {
    case 'read':
      return reading.bytes
    case 'refused':
      throw new Fault<PathFault>({ code: 'unreadablePath', path }, reading.message)
    case 'gone':
    case 'unchanged':
      throw unreadable(path, 'it is gone')
  }
}

async function collect(path: string, stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of stream) {
      const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
      chunks.push(bytes)
      length += bytes.length
      if (length > MAX_FILE_BYTES) break
    }
  } catch (thrown) {
    throw unreadable(path, whyOf(thrown), thrown)
  }
  if (length > MAX_FILE_BYTES) throw unreadable(path, `it has more than ${MAX_FILE_BYTES} bytes, so split it`)
  return Buffer.concat(chunks)
}

/** Manifests below a directory. A link to a directory is followed unless it leads back. */
function listed(root: string): string[] {
  const files: string[] = []
  const walk = (dir: string, above: readonly string[]): void => {
    for (const { name } of entriesOf(dir)) {
      if (name.startsWith('.')) continue
      const path = join(dir, name)
      const stat = statOf(path)
      const id = idOf(stat)
      if (!stat.isDirectory()) {
        if (isManifestName(name)) files.push(path)
      } else if (!above.includes(id)) walk(path, [...above, id])
    }
  }
  walk(root, [idOf(statOf(root))])
  return files.toSorted(comparePaths)
}

function entriesOf(dir: string): readonly { name: string }[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch (thrown) {
    throw unreadable(dir, whyOf(thrown), thrown)
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (thrown) {
    throw unreadable(path, whyOf(thrown), thrown)
  }
}

function idOf({ dev, ino }: Stats): string {
  return `${dev}.${ino}`
}

function unreadable(path: string, why: string, cause?: unknown): Fault<PathFault> {
  return new Fault({ code: 'unreadablePath', path }, `cannot read ${path === '-' ? 'stdin' : path}: ${why}`, cause)
}
