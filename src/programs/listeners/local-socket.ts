// SPDX-License-Identifier: Apache-2.0
/**
 * The socket on which whoever is on the machine reads the daemon without a token: a file in the run directory, or,
 * where nothing can be written, a name in the abstract namespace (unix(7)), which has no file modes. Either way the
 * kernel says who connects, and only root and our own user are let in.
 */
import { unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { Fault, reasonOf } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import { peerUserOf } from '../../os/peer-user.ts'
import { type Respond, requestListener } from './answer.ts'
import { closeServer, listen, plainServer } from './listen.ts'
import { type Orders, obey } from './orders.ts'
import type { RunDirectory } from './run-directory.ts'

export type LocalSocket = Readonly<{ path: string; close(): Promise<void> }>
type Place = Readonly<{
  program: string
  directory: RunDirectory
  /** What whoever is admitted may order; null while nothing can be done yet. */
  orders?: () => Orders | null
}>

/** Where to connect to a daemon on this machine, to be tried in this order. */
export function localPaths(program: string, runDirectory: string): readonly string[] {
  return [join(runDirectory, `${program}.sock`), `\0metallb-${program}`]
}

/** Opens it; null, with a line in the log, where another process of ours has both places. */
export async function openLocalSocket(
  { program, directory, orders = nobodyObeys }: Place,
  respond: Respond,
  log: Log,
): Promise<LocalSocket | null> {
  const [file = '', abstract = ''] = localPaths(program, directory.path)
  const reasons: string[] = []
  for (const path of directory.usable ? [file, abstract] : [abstract]) {
    const server = plainServer(requestListener('the local socket', respond, (...order) => obey(orders(), ...order)))
    server.on('connection', (socket) => admit(socket, log))
    try {
      await listenAt(server, path)
      return { path, close: () => closeServer(server) }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      reasons.push(error.message)
    }
  }
  log.warn(`there is no local socket: ${reasons.join('; ')}`)
  return null
}

function nobodyObeys(): null {
  return null
}

/** Whether a process of `user` may read one of `own`; null is somebody whom the kernel does not name. */
export function isAdmitted(user: number | null, own: number): boolean {
  return user !== null && (user === 0 || user === own)
}

function admit(socket: Socket, log: Log): void {
  const user = peerUserOf(socket)
  if (isAdmitted(user, process.geteuid?.() ?? 0)) return
  log.warn('refused a local connection: only root and the user of this process are admitted', { user })
  socket.destroy()
}

async function listenAt(server: Server, path: string): Promise<void> {
  const isFile = !path.startsWith('\0')
  const name = `local socket ${isFile ? path : `@${path.slice(1)}`}`
  // Another process that starts may be faster, or the directory not let us: then the next step says what is in the way.
  if (isFile && (await isLeftOver(path))) await unlink(path).catch(() => {})
  const mask = process.umask(0o177) // the file is made by bind(2), with the modes that are left
  try {
    const listening = listen(server, { path }, name)
    process.umask(mask)
    await listening
  } finally {
    process.umask(mask)
  }
}

/** A file that nobody listens at any more: its process was killed. */
async function isLeftOver(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(false))
  socket.once('error', (error) => resolve(reasonOf(error).includes('ECONNREFUSED')))
  const leftOver = await promise
  socket.destroy()
  return leftOver
}
