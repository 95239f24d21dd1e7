// SPDX-License-Identifier: Apache-2.0
/**
 * What a run shares with the machine. Processes, mounts and network namespaces end with the sandbox (sandbox.ts), but
 * control groups do not, and a kubelet writes into folders and kernel settings of the machine: both are kept apart here.
 */
import { mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../command.ts'
import { readText } from '../read-text.ts'
import { isAlive, RUN_PREFIX } from '../run-directory.ts'

const CGROUPS = '/sys/fs/cgroup'

/** What kubelets want these to be. They find it, and the machine keeps what it has. */
const SETTINGS: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
}

/** Lays folders of the sandbox's own over those of the machine that kubelets and network plugins write into. */
export async function shieldMachine(directory: string): Promise<void> {
  for (const folder of ['/var/lib', '/var/log']) await run(['mount', '-t', 'tmpfs', 'lab', folder])
  const settings = join(directory, 'settings')
  mkdirSync(settings)
  for (const [key, value] of Object.entries(SETTINGS)) {
    const file = join(settings, key.replaceAll('/', '.'))
    writeFileSync(file, `${value}\n`)
    await run(['mount', '--bind', file, join('/proc/sys', key)])
  }
}

/** Makes the control group of a node in every hierarchy, and gives its name as kubelets want it. */
export function createCgroup(runId: string, node: string): string {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, runId)
    mkdirSync(folder, { recursive: true })
    inheritCpus(hierarchy, folder)
    mkdirSync(join(folder, node), { recursive: true })
    inheritCpus(folder, join(folder, node))
  }
  return `/${runId}/${node}`
}

/** Process ids of all in a control group and those below it, as this process sees them. */
export function processesOf(cgroup: string): number[] {
  const hierarchy = hierarchies().find((folder) => folder.endsWith('/pids')) ?? CGROUPS
  return foldersBelow(join(hierarchy, cgroup)).flatMap((folder) =>
    (readText(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number),
  )
}

/** Removes the control groups of runs whose process is gone, and of `ended`. They are empty: their processes are dead. */
export function removeCgroups(ended?: string): void {
  for (const hierarchy of hierarchies()) {
    const runs = readdirSync(hierarchy).filter((name) => name.startsWith(RUN_PREFIX))
    for (const name of runs.filter((id) => id === ended || !isAlive(Number(id.slice(RUN_PREFIX.length))))) {
      for (const folder of foldersBelow(join(hierarchy, name)).toReversed()) removeQuietly(folder)
    }
  }
}

/** Version 1 has a folder per controller; where there is none of them, the root is version 2's one hierarchy. */
function hierarchies(): string[] {
  const names = readdirSync(CGROUPS).filter((name) => statSync(join(CGROUPS, name)).isDirectory())
  const separate = names.filter((name) => readText(join(CGROUPS, name, 'tasks')) !== undefined)
  return separate.length > 0 ? separate.map((name) => join(CGROUPS, name)) : [CGROUPS]
}

/** A new group of the cpuset controller has no processor and no memory until it is told. */
function inheritCpus(parent: string, folder: string): void {
  for (const key of ['cpuset.cpus', 'cpuset.mems']) {
    const value = readText(join(parent, key))?.trim()
    if (value) writeFileSync(join(folder, key), value)
  }
}

/** The folder and all below it, outer ones first. */
function foldersBelow(folder: string): string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [folder, ...inner.flatMap(({ name }) => foldersBelow(join(folder, name)))]
  } catch {
    return [] // gone meanwhile
  }
}

function removeQuietly(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // The kernel has not buried the last process of it yet, or it is another user's: the next run removes it.
  }
}
