// SPDX-License-Identifier: Apache-2.0
/** What the rules for fields of a Service have in common. */
import { nearest } from '../../../lib/nearest.ts'
import { fieldText } from '../../../manifests/schema-problems.ts'
import { quote } from '../../../model/wording.ts'

/** One thing that is wrong; `unknown`: with the name of a field, else with its value. */
export type FieldFlaw = Readonly<{ field: string; message: string; unknown?: true }>
export type Fields = Readonly<Record<string, unknown>>

/** --service-node-port-range of the API server, where nobody changed it. */
const NODE_PORTS = { first: 30_000, last: 32_767 } as const

/** More unknown names in one place have one cause. */
const LISTED = 20

/** Names that the API server does not know; `kubectl` refuses them unless it is told not to. */
export function* unknownFields(
  fields: Fields,
  path: readonly (string | number)[],
  known: readonly string[],
): Generator<FieldFlaw> {
  const strange = Object.keys(fields).filter((key) => !known.includes(key))
  for (const name of strange.slice(0, LISTED)) {
    const meant = nearest(name, known)
    const advice = meant === undefined ? 'remove it' : `did you mean ${meant}?`
    const message = `there is no field ${quote(name)} here, and kubectl refuses it; ${advice}`
    yield { field: fieldText([...path, name]), message, unknown: true }
  }
}

/** What is wrong with a port of the nodes; null: nothing. */
export function nodePortFlaw(port: unknown): string | null {
  if (typeof port !== 'number' || port === 0 || (port >= NODE_PORTS.first && port <= NODE_PORTS.last)) return null
  const range = `${NODE_PORTS.first} to ${NODE_PORTS.last}`
  return `${port} is outside the range of node ports, ${range} unless the cluster has another; choose one in it`
}

/** A value of the user's in a sentence. */
export function show(value: unknown): string {
  return typeof value === 'string' ? quote(value) : quote(JSON.stringify(value) ?? '').slice(1, -1)
}
