// SPDX-License-Identifier: Apache-2.0
/** `check` on objects instead of files, for tables of its warnings. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeObject, keyOfObject, refOf } from '../../src/lib/object.ts'
import { parseCidr, rangeOf } from '../../src/lib/prefix.ts'
import type { Problem } from '../../src/lib/problem.ts'
import { NAMESPACE } from '../model/objects.ts'

/** Name, objects, and `Kind/name field code` of the problems that are expected, errors with `error ` in front. */
export type Case = readonly [string, readonly KubeObject[], readonly string[]]

export type PathObjects = Readonly<{
  entries: readonly Readonly<{ key: string; ref: Problem['object']; object: KubeObject | null }>[]
  problems: readonly Problem[]
  ignored: ReadonlyMap<string, number>
  locate(problem: Problem): Problem
  lineOf(file: string, line: number): string | undefined
}>

type Options = Readonly<{
  namespace: string
  classes: readonly string[]
  networks: readonly Readonly<{ use: 'Pod' | 'Service'; text: string; range: ReturnType<typeof rangeOf> }>[]
}>
export type Collect = (files: PathObjects, options: Options) => readonly Problem[]

export const OPTIONS: Options = { namespace: NAMESPACE, classes: [], networks: [] }

/** Objects as if they had been read from files that say nothing about places. */
export function asFiles(objects: readonly KubeObject[]): PathObjects {
  const entries = objects.map((object) => ({ key: keyOfObject(object), ref: refOf(object), object }))
  return { entries, problems: [], ignored: new Map(), locate: (problem) => problem, lineOf: () => undefined }
}

/** A network as the flags give it. */
export function network(use: 'Pod' | 'Service', text: string): Options['networks'][number] {
  const cidr = parseCidr(text)
  assert(cidr, text)
  return { use, text, range: rangeOf(cidr) }
}

/** Runs a table; only problems with one of `codes` are compared, so that a table is about its own rules. */
export function testCases(
  collect: Collect,
  codes: readonly string[],
  { cases, options = OPTIONS }: Readonly<{ cases: readonly Case[]; options?: Options }>,
): void {
  for (const [name, objects, expected] of cases) {
    test(name, () => {
      const found = collect(asFiles(objects), options).filter(({ code }) => codes.includes(code))
      assert.deepEqual(found.map(summary).toSorted(), expected.toSorted())
      for (const { message } of found) assert.doesNotMatch(message, /undefined|\[object|\n/)
    })
  }
}

function summary({ severity, object, field, code }: Problem): string {
  return `${severity === 'error' ? 'error ' : ''}${object.kind}/${object.name} ${field} ${code}`
}
