// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../lib/fault.ts'

/** Exit status of the programs that judge manifests: as `grep` and `diff`, so that a script can tell the three apart. */
export const EXIT = { fine: 0, refused: 1, unusable: 2 } as const

export type UsageFault = { code: 'usage' }

/** Arguments that make no sense. `message` says which and what was expected. */
export function usage(message: string): Fault<UsageFault> {
  return new Fault({ code: 'usage' }, message)
}

/**
 * Runs such a program: `work` answers its exit status. A Fault is one line on stderr and status 2. A reader that
 * closes our output early (`| head`) is no error.
 */
export async function judge(program: string, work: () => Promise<number>): Promise<void> {
  copyEnvironment()
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
  try {
    process.exitCode = await work()
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    process.stderr.write(`metallb ${program}: ${thrown.message}\n`)
    process.exitCode = EXIT.unusable
  }
}

/** The YAML parser looks into the environment at each token, and each look asks the C library: a fifth of its time. */
export function copyEnvironment(): void {
  process.env = { ...process.env }
}
