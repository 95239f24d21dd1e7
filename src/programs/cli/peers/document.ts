// SPDX-License-Identifier: Apache-2.0
/** The document `peers` of a daemon on this machine. It may be of another version: what is not there is left empty. */
import { Fault } from '../../../lib/fault.ts'
import { fieldAt, isRecord, listAt, textAt } from '../../../lib/unchecked.ts'
import { askLocal, type Daemon } from '../../listeners/ask-local.ts'

/** Asks a daemon for these fields, or all: its routes may be many. Throws Fault `noDaemon` where none answers, and `refused` where its answer is of no use. */
export async function askPeers(daemon: Daemon, only: readonly string[] = []): Promise<unknown> {
  const text = await askLocal(daemon, 'peers', only)
  try {
    const document: unknown = JSON.parse(text)
    return document
  } catch (error) {
    throw new Fault({ code: 'refused' }, `what the ${daemon.program} answers is no JSON`, error)
  }
}

/** A number or a text, as text; '' for all else. */
export function wordAt(value: unknown, ...path: readonly string[]): string {
  const found = fieldAt(value, ...path)
  return typeof found === 'number' || typeof found === 'string' ? String(found) : ''
}

/** The number there; 0 where there is none. */
export function countAt(value: unknown, ...path: readonly string[]): number {
  const found = fieldAt(value, ...path)
  return typeof found === 'number' ? found : 0
}

/** Texts and numbers of a list, with commas. */
export function wordsAt(value: unknown, ...path: readonly string[]): string {
  return listAt(value, ...path)
    .filter((item) => typeof item === 'string' || typeof item === 'number')
    .join(', ')
}

/** Whether the peer is told routes now. */
export function isEstablished(peer: unknown): boolean {
  return fieldAt(peer, 'state') === 'Established'
}

/** What tells the peer from others: its address, or the interface where it is found; '' for none. */
export function neighbourOf(peer: unknown): string {
  return textAt(peer, 'interface') || textAt(peer, 'address')
}

/** Its AS, or what it should be. */
export function asOf(peer: unknown): string {
  return wordAt(peer, 'peerAsn') || wordAt(peer, 'expectedAsn')
}

/** The document with what is about this peer alone; null: there is no such peer. */
export function aboutPeer(document: unknown, name: string): Readonly<Record<string, unknown>> | null {
  const peers = listAt(document, 'peers').filter((peer) => textAt(peer, 'name') === name)
  if (peers.length === 0 || !isRecord(document)) return null
  const ofPeer = (list: string) => listAt(document, list).filter((item) => textAt(item, 'peer') === name)
  const bfd = listAt(document, 'bfd').filter((session) => listAt(session, 'peers').includes(name))
  return { ...document, peers, bfd, routes: ofPeer('routes'), held: ofPeer('held') }
}
