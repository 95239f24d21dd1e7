// SPDX-License-Identifier: Apache-2.0
/** Commands of the system, run to their end. */
import { spawn } from 'node:child_process'
import { Fault } from '../src/lib/fault.ts'

export type CommandFault = Fault<{ code: 'commandFailed' }>

/** On Debian `ip` and `nft` live where only root's PATH looks. */
export const SEARCH_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

/** What the command printed on stdout; throws a CommandFault with its stderr when it fails or is missing. */
export async function run(command: readonly string[], input = ''): Promise<string> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { env: { ...process.env, PATH: SEARCH_PATH } })
  const outputs = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outputs.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outputs.stderr += text))
  child.stdin.on('error', () => {}) // a command that ends early says why on stderr
  child.stdin.end(input)
  const { promise, resolve } = Promise.withResolvers<string>()
  child.on('error', (error) => resolve(error.message))
  child.on('close', (code, signal) => resolve(code === 0 ? '' : outputs.stderr.trim() || `ended by ${signal ?? code}`))
  const failure = await promise
  if (failure !== '') throw new Fault({ code: 'commandFailed' }, `${command.join(' ')}: ${failure}`)
  return outputs.stdout
}
