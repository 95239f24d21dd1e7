// SPDX-License-Identifier: Apache-2.0
/** What a running controller tells under /api/v1/: what it knows, and what it is about to write. */
import { jsonInteger } from '../../lib/json-integer.ts'
import { VERSION } from '../../lib/version.ts'
import type { Documents } from '../listeners/documents.ts'
import type { History } from '../listeners/history.ts'
import type { ControllerView } from './controller.ts'
import type { Holding } from './holding.ts'
import { plannedRoutes } from './planned-routes.ts'

export type ControllerDocumentSources = Readonly<{
  view: ControllerView
  history: History
  /** Who decides, as far as this one knows; null where nobody does or nobody is elected (files). */
  leader(): string | null
}>

type Fields = Readonly<Record<string, unknown>>

/** peers and members are the speaker's: here there are routes as planned, and no members, so that each document is there. */
export function controllerDocuments({ view, history, leader }: ControllerDocumentSources): Documents {
  const { configuration } = view
  return {
    state: () => ({
      program: 'controller',
      version: VERSION,
      leads: view.leads(),
      leader: leader(),
      configured: configuration.model !== null,
      problems: configuration.problems,
      pools: view.counters().map(({ name, ...counters }) => ({ name, ...inIntegers(counters) })),
      services: servicesOf(view),
    }),
    plan: () => ({ writes: writesOf(view) }),
    peers: () => ({ planned: true, peers: [], routes: plannedRoutes(view) }),
    members: () => ({ members: [] }),
    history: () => history.document(),
  }
}

function* servicesOf({ services }: ControllerView): Generator<Fields> {
  for (const key of services.keys()) {
    const entry = services.get(key)
    if (!entry?.readable) yield { service: key, readable: false, ips: entry?.held.ips ?? [] }
    else if (entry.service.type === 'LoadBalancer') yield { service: key, readable: true, ...fieldsOf(entry.held) }
  }
}

/** Services that are about to say something else than they do. */
function* writesOf({ services }: ControllerView): Generator<Fields> {
  for (const key of services.keys()) {
    const entry = services.get(key)
    if (entry?.writing) yield { service: key, from: fieldsOf(entry.held), to: fieldsOf(entry.writing) }
  }
}

function fieldsOf({ ips, pool, condition }: Holding): Fields {
  return { ips, pool, reason: condition?.reason ?? null, message: condition?.message ?? null }
}

function inIntegers(counters: Readonly<Record<string, bigint>>): Fields {
  return Object.fromEntries(Object.entries(counters).map(([name, count]) => [name, jsonInteger(count)]))
}
