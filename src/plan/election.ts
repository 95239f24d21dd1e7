// SPDX-License-Identifier: Apache-2.0
/**
 * The Layer-2 election. Every speaker computes it alone and all come to the same answer, because it depends on
 * nothing but the candidates, the advertisements' preferences and the address. MetalLB's speakers use the same
 * order, so that an address stays where it is when one kind takes the other's place. (While both kinds run they agree
 * only where MetalLB's member list is off: ours are no members of it, and would be left out of its elections.)
 *
 * The order: higher score first, then by the bytes of SHA-256("<node>#<address>"). Nothing is remembered: when a
 * node that did not win goes away, nothing changes; when the winner comes back, it wins again.
 */
import { hash } from 'node:crypto'
import type { L2Advertisement } from '../model/advertisement.ts'

/** Who stands for election, and for which address (canonical text, the first of the Service). */
export type Ballot = Readonly<{ candidates: readonly string[]; ads: readonly L2Advertisement[]; ip: string }>

/** The first of `rankingOf`, found without sorting; null where nobody stands. */
export function winnerOf(ballot: Ballot): string | null {
  const { candidates, ip } = ballot
  let best = -Infinity
  let tied: string[] = []
  for (const node of candidates) {
    const score = scoreOf(node, ballot)
    if (score > best) [best, tied] = [score, [node]]
    else if (score === best) tied.push(node)
  }
  const [first, ...rest] = tied
  if (first === undefined || rest.length === 0) return first ?? null
  let winner = { node: first, digest: digestOf(first, ip) }
  for (const node of rest) {
    const digest = digestOf(node, ip)
    if (digest < winner.digest) winner = { node, digest }
  }
  return winner.node
}

/** All candidates, the one that answers first, then those that would follow it. */
export function rankingOf(ballot: Ballot): string[] {
  const entries = ballot.candidates.map((node) => {
    return { node, score: scoreOf(node, ballot), digest: digestOf(node, ballot.ip) }
  })
  entries.sort((a, b) => b.score - a.score || (a.digest < b.digest ? -1 : 1))
  return entries.map(({ node }) => node)
}

function scoreOf(node: string, { ads }: Ballot): number {
  let score = 0
  for (const { scores } of ads) score += scores.get(node) ?? 0
  return score
}

/** As hexadecimal text: it sorts like the bytes, and node:crypto makes it four times faster than a Buffer. */
function digestOf(node: string, ip: string): string {
  return hash('sha256', `${node}#${ip}`, 'hex')
}
