// SPDX-License-Identifier: Apache-2.0
import type { ObjectRef, Problem } from '../lib/problem.ts'
import type { Position } from './text.ts'

type Spot = Readonly<{ file: string }> & Partial<Position>

/** One object that stands at several places, of which the last counts. */
export function duplicateProblem(object: ObjectRef, places: readonly Spot[]): Problem {
  const spots = places.map(({ file, line }) => (line === undefined ? file : `${file}:${line}`))
  const name = [object.kind, object.namespace, object.name].filter((part) => part !== '').join('/')
  return {
    severity: 'error',
    object,
    field: '',
    code: 'duplicateObject',
    message: `${name} stands at ${spots.join(' and ')}; the last of these counts, so remove the others`,
    transient: false,
    ...places.at(-1),
  }
}
