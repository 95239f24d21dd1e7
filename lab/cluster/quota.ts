// SPDX-License-Identifier: Apache-2.0
/** The limits of a small Pod for a process, as a kubelet would set them: by control groups, of version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '../read-text.ts'
import { RUN_PREFIX } from '../run-directory.ts'
import { afterUs } from './guard.ts'

const ROOT = '/sys/fs/cgroup'
const PERIOD_US = 100_000
let count = 0

export type Limits = Readonly<{
  /** 0.2 is 20 % of one core. */
  cores: number
  memoryBytes: number
}>

export class Quota {
  /** The command that puts what follows below these limits. */
  readonly within: readonly string[]
  readonly #memory: string

  /** Makes control groups, which a guard removes after us. Throws what the kernel says: it takes root. */
  constructor({ cores, memoryBytes }: Limits) {
    const name = `${RUN_PREFIX}${process.pid}-${++count}`
    const unified = existsSync(join(ROOT, 'cgroup.controllers'))
    const [cpu, memory] = unified
      ? [join(ROOT, name), join(ROOT, name)]
      : [join(ROOT, 'cpu', name), join(ROOT, 'memory', name)]
    const groups = [...new Set([cpu, memory])]
    for (const group of groups) mkdirSync(group)
    afterUs('rmdir "$@"', ...groups)
    const quotaUs = Math.round(cores * PERIOD_US)
    if (unified) {
      writeFileSync(join(cpu, 'cpu.max'), `${quotaUs} ${PERIOD_US}`)
      writeFileSync(join(memory, 'memory.max'), String(memoryBytes))
      writeFileSync(join(memory, 'memory.swap.max'), '0')
    } else {
      writeFileSync(join(cpu, 'cpu.cfs_period_us'), String(PERIOD_US))
      writeFileSync(join(cpu, 'cpu.cfs_quota_us'), String(quotaUs))
      writeFileSync(join(memory, 'memory.limit_in_bytes'), String(memoryBytes))
    }
    const enter = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join(' && ')
    this.within = ['sh', '-c', `${enter} && exec "$@"`, 'quota']
    this.#memory = memory
  }

  /** How often the kernel killed a process here because there was no memory left. */
  kills(): number {
    const text =
      readText(join(this.#memory, 'memory.oom_control')) ?? readFileSync(join(this.#memory, 'memory.events'), 'utf8')
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1])
  }
}
