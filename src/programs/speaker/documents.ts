// SPDX-License-Identifier: Apache-2.0
/** What a running speaker tells under /api/v1/: what it announces, and why it does not announce the rest. */
import { VERSION } from '../../lib/version.ts'
import type { Documents } from '../listeners/documents.ts'
import type { History } from '../listeners/history.ts'
import { PROTOCOLS } from './decisions.ts'
import type { MembersDocument } from './memberlist-debug.ts'
import { type PeerReadings, peersDocument } from './peers-document.ts'
import type { SpeakerView } from './speaker.ts'

type Fields = Readonly<Record<string, unknown>>

export type DocumentSources = Readonly<{
  view: SpeakerView
  history: History
  members(): MembersDocument
  peers: PeerReadings
}>

export function speakerDocuments({ view, history, members, peers }: DocumentSources): Documents {
  const { node, configuration } = view
  return {
    state: () => ({
      program: 'speaker',
      version: VERSION,
      node,
      configured: configuration.model !== null,
      problems: configuration.problems,
      addresses: addressesOf(view),
      conflicts: view.conflicts.active(),
    }),
    plan: () => ({ node, services: servicesOf(view) }),
    peers: () => peersDocument(peers),
    members,
    history: () => history.document(),
  }
}

/** What this node answers for, with what it counted. */
function* addressesOf({ counters }: SpeakerView): Generator<Fields> {
  yield* counters().addresses
}

function* servicesOf({ decisions }: SpeakerView): Generator<Fields> {
  for (const protocol of PROTOCOLS) {
    for (const [service, { ips, why }] of decisions(protocol)) {
      if (ips.length > 0) yield { service, protocol, announce: true, ips }
      else yield { service, protocol, announce: false, ...why }
    }
  }
}
