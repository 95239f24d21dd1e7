// SPDX-License-Identifier: Apache-2.0
/** `metallb peers`: sessions with BGP peers, as the speaker on this node knows them. */
import { nearest } from '../../../lib/nearest.ts'
import { listAt, textAt } from '../../../lib/unchecked.ts'
import { EXIT, judge } from '../exit.ts'
import { aboutPeer, askPeers } from './document.ts'
import { onePeer } from './one-peer.ts'
import { peersTable } from './table.ts'

export type PeersOptions = Readonly<{ output: 'table' | 'json'; runDir: string }>

/** `name` undefined: all peers. */
export async function main(name: string | undefined, { output, runDir }: PeersOptions): Promise<void> {
  await judge('peers', async () => {
    const isTable = name === undefined && output === 'table'
    const daemon = { program: 'speaker', runDirectory: runDir }
    const document = await askPeers(daemon, isTable ? ['node', 'peers', 'held'] : [])
    const about = name === undefined ? document : aboutPeer(document, name)
    if (about === null) {
      process.stderr.write(`metallb peers: ${unknownPeer(document, name ?? '')}\n`)
      return EXIT.refused
    }
    const nowMs = Date.now()
    const forPeople = () => (name === undefined ? peersTable(about, nowMs) : onePeer(about, nowMs))
    process.stdout.write(output === 'json' ? `${JSON.stringify(about, null, 2)}\n` : forPeople())
    return EXIT.fine
  })
}

/** One sentence, with the peer that was probably meant, or those that there are. */
export function unknownPeer(document: unknown, name: string): string {
  const names = listAt(document, 'peers').map((peer) => textAt(peer, 'name'))
  const none = `this node has no BGP peer ${JSON.stringify(name)}`
  if (names.length === 0) return `${none}, nor any other: no BGPPeer selects it`
  const meant = nearest(name, names)
  return `${none}; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`
}
