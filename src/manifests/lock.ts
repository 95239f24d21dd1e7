// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps a second controller from writing to the same directory.
 *
 * Each controller leaves a file that is named after its process, and only then looks for those of others: of two that
 * start together at least one sees the other, so never do both go on. The name alone says which process it was, down
 * to its start, so the file of a process that is gone can be removed without ever hitting a living one's.
 * There is no release: a lock ends with its process, after the last write. Works for the processes of one machine.
 */
import { closeSync, openSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../lib/fault.ts'
import { cannotWrite, type DirectoryFault } from './faults.ts'

const NAME = /^controller\.(\d+)\.(\d+)\.([\da-f]+)\.lock$/

/** Throws a Fault when another process holds the lock, or when `dir` cannot be written. */
export function lock(dir: string): void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
  const mine = `controller.${process.pid}.${startOf(process.pid)}.${boot}.lock`
  touch(join(dir, mine))
  for (const name of readdirSync(dir)) {
    const [, pid = '', start, since] = NAME.exec(name) ?? []
    if (pid === '' || name === mine) continue
    if (since === boot && startOf(Number(pid)) === start) {
      unlinkSync(join(dir, mine))
      throw locked(dir, Number(pid))
    }
    remove(join(dir, name))
  }
}

function locked(dir: string, pid: number): Fault<DirectoryFault> {
  const advice = 'stop it, or give this controller a directory of its own'
  return new Fault(
    { code: 'locked', path: dir, pid },
    `another controller, process ${pid}, already writes to ${dir}; ${advice}`,
  )
}

/** When a process started, in clock ticks since boot (proc(5), field 22); null when there is no such process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 2 is the command's name in parentheses, which may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function touch(path: string): void {
  try {
    closeSync(openSync(path, 'w'))
  } catch (thrown) {
    throw cannotWrite(path, thrown)
  }
}

/** Another controller that starts now may be removing the same leftover. */
function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw cannotWrite(path, thrown)
  }
}
