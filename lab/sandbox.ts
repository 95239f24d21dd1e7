// SPDX-License-Identifier: Apache-2.0
/**
 * The lab runs in namespaces of its own: network, mounts, processes, and users where we are not root.
 *
 * Cleaning up is the kernel's work, not ours. The script in the sandbox is process 1 of its process namespace:
 * when it ends, however it ends, the kernel kills every process in it, and with the last one the network
 * namespaces, links, rules and mounts are gone. It gets SIGKILL when its parent `unshare` dies, and that one when
 * this launcher dies (parent death signals), so a launcher that was killed leaves nothing but its run directory.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../src/lib/fault.ts'
import { run, SEARCH_PATH } from './command.ts'
import { createRunDirectory, removeRunDirectory } from './run-directory.ts'

export type SandboxFault = Fault<{ code: 'toolMissing' | 'noNamespaces' }>

/** Debian's package of each program that the lab calls. */
const TOOLS = { ip: 'iproute2', nft: 'nftables', unshare: 'util-linux', setpriv: 'util-linux', mount: 'mount' }
const DIRECTORY = 'METALLB_LAB_DIRECTORY'
const STOPPED_BY = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The run directory when this process is the script inside the sandbox, else undefined. */
export function sandboxDirectory(): string | undefined {
  return process.env[DIRECTORY]
}

/** Run by the script inside: gives it a /run of its own, where `ip netns` keeps the names of namespaces. */
export async function settleIn(): Promise<void> {
  process.on('disconnect', () => process.exit(1)) // the launcher was told to stop
  if (!process.connected) process.exit(1)
  await run(['mount', '-t', 'tmpfs', 'lab', '/run'])
  await run(['mkdir', '/run/netns'])
  await run(['ip', 'link', 'set', 'lo', 'up'])
}

/** Told by the script inside that its outcome stands, though it goes on until it is stopped. */
export function reportOutcome(exitCode: number): void {
  process.send?.(exitCode)
}

/** Runs a script of ours in a new sandbox. Resolves to the exit code that is due; throws a SandboxFault. */
export async function runInSandbox(script: string, args: readonly string[]): Promise<number> {
  checkTools()
  const namespaces = await namespaceFlags()
  const directory = createRunDirectory()
  process.on('exit', () => removeRunDirectory(directory))
  const command = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, process.execPath, script, ...args]
  const child = spawn('setpriv', command, {
    env: { ...process.env, PATH: SEARCH_PATH, [DIRECTORY]: directory },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true, // Ctrl-C reaches the launcher alone, which ends the sandbox as a whole
  })
  return await watch(child)
}

async function watch(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let outcome: number | undefined
  let stoppedBy: (typeof STOPPED_BY)[number] | undefined
  child.on('message', (message) => (outcome = Number(message)))
  child.on('error', reject)
  for (const signal of STOPPED_BY) {
    process.on(signal, () => {
      if (child.connected) child.disconnect()
      else child.kill('SIGKILL') // asked again
      stoppedBy = signal
    })
  }
  // `unshare` ends after process 1, and that one after all others: from here on nobody writes into the directory.
  child.on('exit', (code) => {
    if (stoppedBy === undefined) return resolve(code ?? 1)
    process.stdout.write('\nStopped: the namespaces, processes and files of this run are gone.\n')
    return resolve(outcome ?? 128 + constants.signals[stoppedBy])
  })
  return await promise
}

function checkTools(): void {
  const missing = Object.entries(TOOLS).filter(([tool]) => !isInstalled(tool))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ')
  const sentence = `The lab needs programs that are missing here: apt-get install ${packages}`
  throw new Fault({ code: 'toolMissing' }, sentence)
}

function isInstalled(tool: string): boolean {
  return SEARCH_PATH.split(':').some((folder) => existsSync(join(folder, tool)))
}

/** The flags of unshare that work for us: as we are, or with a user namespace in which we are root. */
async function namespaceFlags(): Promise<readonly string[]> {
  for (const users of [[], ['--user', '--map-root-user']]) {
    const flags = [...users, '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    const works = await run(['unshare', ...flags, 'true']).then(
      () => true,
      () => false,
    )
    if (works) return flags
  }
  throw new Fault({ code: 'noNamespaces' }, NO_NAMESPACES)
}

const NO_NAMESPACES =
  'The lab needs namespaces of its own, and this machine lets us make none. Run it as root (in a container with ' +
  'CAP_SYS_ADMIN: docker run --privileged), or let users make them: sysctl -w kernel.unprivileged_userns_clone=1 ' +
  '(Debian) or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu).'
