// SPDX-License-Identifier: Apache-2.0
/** Asks the daemon that runs on this machine, over its local socket, for a command line that needs to know. */
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { Fault, reasonOf } from '../../lib/fault.ts'
import { peerUserOf } from '../../os/peer-user.ts'
import { type DocumentName, documentPath } from './documents.ts'
import { isAdmitted, localPaths } from './local-socket.ts'

/** `refused`: it answered, and not with the document; its words are in the message. */
export type AskFault = Readonly<{ code: 'noDaemon' | 'refused' }>

/** Who is asked, and where it would have its socket. */
export type Daemon = Readonly<{ program: string; runDirectory: string }>
type Asked = Readonly<{ method: string; path: string }>

const TIMEOUT_MS = 5000

/**
 * The document as JSON text, with these fields `only` if any are named. In the abstract namespace anybody may have the name, so there only a process of root or of
 * our own user is believed. Throws Fault `noDaemon` and `refused`.
 */
export async function askLocal(daemon: Daemon, document: DocumentName, only: readonly string[] = []): Promise<string> {
  return await answerOf(daemon, { method: 'GET', path: documentPath(document, only) })
}

/** Tells the daemon to do something; resolves with what it says that it has done. Throws as `askLocal`. */
export async function orderLocal(daemon: Daemon, order: Asked): Promise<string> {
  return (await answerOf(daemon, order)).trim()
}

async function answerOf(daemon: Daemon, asked: Asked): Promise<string> {
  const reasons: string[] = []
  for (const socketPath of localPaths(daemon.program, daemon.runDirectory)) {
    const answer = await ask(socketPath, asked).catch((error: unknown) => {
      reasons.push(reasonOf(error))
      return null
    })
    if (answer?.status === 200) return answer.body
    if (answer) throw new Fault<AskFault>({ code: 'refused' }, `the ${daemon.program} says: ${answer.body.trim()}`)
  }
  const message = `no ${daemon.program} answers on this machine: ${reasons.join('; ').replaceAll('\0', '@')}`
  throw new Fault<AskFault>({ code: 'noDaemon' }, message)
}

async function ask(socketPath: string, { method, path }: Asked): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const asking = request({ socketPath, method, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => (body += text))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body })).on('error', reject)
  })
  // A file stands where only its owner can put it.
  if (socketPath.startsWith('\0')) asking.on('socket', (socket) => socket.once('connect', () => distrust(socket)))
  asking.on('timeout', () => asking.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
  asking.on('error', reject).end()
  return await promise
}

function distrust(socket: Socket): void {
  const user = peerUserOf(socket)
  if (isAdmitted(user, process.geteuid?.() ?? 0)) return
  socket.destroy(new Error(`whoever listens there is user ${user ?? 'unknown'}, neither root nor us`))
}
