// SPDX-License-Identifier: Apache-2.0
/**
 * `vtysh -c "show bgp summary"`: the questions that people and scripts ask of a router's shell, answered from the
 * looking glass of the daemon in the same container. It is no shell: there are a few questions and one order.
 */
import { Fault } from '../../../lib/fault.ts'
import { listAt, textAt } from '../../../lib/unchecked.ts'
import { orderLocal } from '../../listeners/ask-local.ts'
import { debugBgpRequest } from '../../listeners/orders.ts'
import { askPeers } from '../peers/document.ts'
import { bfdJson, bfdText } from './bfd.ts'
import { neighbours, neighboursJson, neighboursText } from './neighbors.ts'
import { advertisedJson, advertisedText, isPlan, routesJson, routesText } from './routes.ts'
import { summaryJson, summaryText } from './summary.ts'
import { KNOWN_WORDS, parseWords, type Request } from './words.ts'

export type VtyshOptions = Readonly<{ command: readonly string[]; runDir: string }>

/** One after the other, until one cannot be answered: that is a sentence on stderr, and status 1. */
export async function main({ command, runDir }: VtyshOptions): Promise<void> {
  try {
    if (command.length === 0) throw refused(`this is no interactive shell: use -c with ${known()}`)
    for (const text of command) process.stdout.write(await answerTo(text, runDir))
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    process.stderr.write(`vtysh: ${thrown.message}\n`)
    process.exitCode = 1
  }
}

async function answerTo(text: string, runDirectory: string): Promise<string> {
  const request = parseWords(text)
  if (request === null) throw refused(`there is no ${JSON.stringify(text)} here; there is ${known()}`)
  if (request.what === 'debug') {
    const order = debugBgpRequest(request.neighbour, request.on)
    return `${await orderLocal({ program: 'speaker', runDirectory }, order)}\n`
  }
  const isAboutRoutes = request.what === 'routes' || request.what === 'advertised'
  const only = isAboutRoutes ? [] : ['node', 'planned', 'peers', 'bfd']
  return answer(request, await documentHere(runDirectory, only), Date.now())
}

/** The answer to a question, from the document `peers`. Throws Fault `refused`, where there can be none. */
export function answer(request: Exclude<Request, { what: 'debug' }>, document: unknown, nowMs: number): string {
  if (isPlan(document) && request.what !== 'routes') {
    throw refused('a controller has no sessions: ask vtysh in the container of a speaker; here there is show ip bgp')
  }
  const { json } = request
  switch (request.what) {
    case 'summary': {
      const { family } = request
      return json ? print(summaryJson(document, family, nowMs)) : summaryText(document, family, nowMs)
    }
    case 'routes':
      return json ? print(routesJson(document, request.family)) : routesText(document, request.family)
    case 'bfd':
      return json ? print(bfdJson(document, nowMs)) : bfdText(document, nowMs)
    case 'neighbours': {
      const peers = found(document, request.neighbour)
      return json ? print(neighboursJson(peers, nowMs)) : neighboursText(peers, nowMs)
    }
    case 'advertised': {
      const peers = found(document, request.neighbour)
      return json ? print(advertisedJson(document, peers)) : advertisedText(document, peers)
    }
  }
}

function found(document: unknown, neighbour: string | null): readonly unknown[] {
  const peers = neighbours(document, neighbour)
  if (peers.length > 0 || neighbour === null) return peers
  const places = listAt(document, 'peers').map((peer) => textAt(peer, 'interface') || textAt(peer, 'address'))
  const there = places.length === 0 ? 'there is none' : `there are ${places.join(', ')}`
  throw refused(`there is no BGP neighbor ${JSON.stringify(neighbour)} on this node; ${there}`)
}

/** In a container runs one daemon; on a machine with both, the speaker has the sessions. */
async function documentHere(runDirectory: string, only: readonly string[]): Promise<unknown> {
  try {
    return await askPeers({ program: 'speaker', runDirectory }, only)
  } catch (thrown) {
    if (!isAbsence(thrown)) throw thrown
    return await askPeers({ program: 'controller', runDirectory }, only).catch((other: unknown) => {
      throw isAbsence(other) ? thrown : other
    })
  }
}

/** Nobody answers. */
function isAbsence(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.kind.code === 'noDaemon'
}

function known(): string {
  return `${KNOWN_WORDS.map((words) => `"${words}"`).join(', ')}; what begins with show takes json at its end`
}

function print(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function refused(message: string): Fault<Readonly<{ code: 'refused' }>> {
  return new Fault({ code: 'refused' }, message)
}
