// SPDX-License-Identifier: Apache-2.0
/**
 * The result as JSON text, in pieces: 10,000 Services on 100 nodes make some 300 MB of it, of which only the piece of
 * one Service is in memory. Every key is always there, in this order.
 */
import { jsonInteger } from '../../../lib/json-integer.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { Assigned } from './assignment.ts'
import { changesOf } from './changes.ts'
import type { Result, Scene } from './simulation.ts'

/** Pieces that make one JSON document and a newline. */
export function* jsonOf({ problems, configured, scene, before, pools, ignored }: Result): Generator<string> {
  yield `{"problems":`
  yield* list(problems, problemFields)
  yield `,\n"configured":${configured},\n"services":`
  yield* list(scene.services.values(), (assigned) => serviceFields(assigned, scene))
  yield `,\n"pools":`
  yield* list(pools, ({ name, ...counters }) => ({
    name,
    ...Object.fromEntries(Object.entries(counters).map(([key, count]) => [key, jsonInteger(count)])),
  }))
  yield `,\n"changes":`
  yield* list(changesOf(before, scene), (change) => change)
  const counted = [...ignored].toSorted(([a], [b]) => (a < b ? -1 : 1))
  yield `,\n"ignored":${JSON.stringify(Object.fromEntries(counted))}}\n`
}

/** One item on a line, so that a line of a difference between two outputs is a Service. */
function* list<T>(items: Iterable<T>, fieldsOf: (item: T) => object): Generator<string> {
  let open = '['
  for (const item of items) {
    yield `${open}\n${JSON.stringify(fieldsOf(item))}`
    open = ','
  }
  yield open === '[' ? '[]' : '\n]'
}

function problemFields({ severity, object, field, code, message, file = '', line = 0 }: Problem): object {
  const { kind, namespace, name } = object
  return { severity, kind, namespace, name, field, code, message, file, line }
}

function serviceFields(assigned: Assigned, { announcements }: Scene): object {
  const { service, handled, ips, pool, refusal, events } = assigned
  const { l2, bgp, silent } = announcements.of(assigned)
  const said = events.map(({ type, reason, message }) => ({ type, reason, message }))
  const refused = refusal && { code: refusal.code, message: refusal.message }
  const { namespace, name } = service
  return { namespace, name, handled, ips, pool, refusal: refused, events: said, l2, bgp, silent }
}
