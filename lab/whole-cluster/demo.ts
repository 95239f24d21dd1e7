// SPDX-License-Identifier: Apache-2.0
/** `make cluster-demo`: our images on a real cluster, and a client that sees them work. Exit code 0 only if it did. */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, reasonOf } from '../../src/lib/fault.ts'
import { play, type Tell, teller } from '../play.ts'
import { RUN_PREFIX } from '../run-directory.ts'
import { reportOutcome, runInSandbox, sandboxDirectory, settleIn } from '../sandbox.ts'
import { table } from '../table.ts'
import { CLUSTER_STORY } from './cluster-story.ts'
import { removeCgroups } from './machine.ts'
import { kubectl, type Scene } from './scene.ts'
import { Visitor } from './visitor.ts'
import { buildWholeCluster } from './whole-cluster.ts'

const USAGE = `usage: lab/whole-cluster/demo.ts [--keep]
  --keep    leave the cluster running at the end, until Ctrl-C`

async function main(): Promise<number> {
  const keep = readKeep()
  if (keep === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  try {
    const directory = sandboxDirectory()
    if (directory === undefined) return await launch()
    await settleIn()
    return await perform(directory, keep)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    process.stdout.write(`\n${reasonOf(error)}\n`)
    return 1
  }
}

function readKeep(): boolean | undefined {
  try {
    return parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values.keep
  } catch {
    return undefined
  }
}

/** Outside of the sandbox: what is left when it has ended are control groups, and those of runs that were killed. */
async function launch(): Promise<number> {
  if (process.getuid?.() !== 0) {
    process.stdout.write('A cluster with kubelets needs root: control groups and mounts are not for ordinary users.\n')
    return 1
  }
  removeCgroups()
  process.on('exit', () => removeCgroups(`${RUN_PREFIX}${process.pid}`))
  return await runInSandbox(import.meta.filename, process.argv.slice(2))
}

async function perform(directory: string, keep: boolean): Promise<number> {
  const tell = teller()
  tell('a control plane, three nodes with containerd, kubelet and kube-proxy, and a client, in namespaces of their own')
  const cluster = await buildWholeCluster(directory, tell)
  tell('all nodes are Ready')
  const scene = { ...cluster, visitor: new Visitor(cluster.client) }
  const rows = await play(CLUSTER_STORY, scene, tell)
  const ok = rows.every(({ outcome }) => outcome === 'ok')
  process.stdout.write(`\n${table(rows)}\n`)
  if (!ok) await explain(scene, tell)
  if (keep) await stay(scene, ok)
  if (!ok) process.stdout.write('\nWith --keep the cluster stays, to look around.\n')
  return ok ? 0 : 1
}

/** What an administrator would look at first. */
async function explain(scene: Scene, tell: Tell): Promise<void> {
  const questions = [
    ['get', 'nodes,pods,services', '-A', '-o', 'wide'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
    ['-n', 'metallb-system', 'logs', '-l', 'component=controller', '--prefix', '--tail=15', '--ignore-errors'],
    ['-n', 'metallb-system', 'logs', '-l', 'component=speaker', '--prefix', '--tail=15', '--ignore-errors'],
  ]
  for (const question of questions) {
    const answer = await kubectl(scene, ...question).catch((error: unknown) => reasonOf(error))
    tell(`kubectl ${question.join(' ')}\n${answer.trimEnd().split('\n').slice(-60).join('\n')}\n`)
  }
}

/** Leaves everything running; ends with the sandbox. */
async function stay({ directory, server }: Scene, ok: boolean): Promise<never> {
  reportOutcome(ok ? 0 : 1)
  const enter = `lab/enter ${basename(directory)} client`
  process.stdout.write(`
It keeps running until Ctrl-C. The logs are in ${directory}. In another terminal, to look around from the client:
  ${enter} ${server.kubectl} --kubeconfig ${server.kubeconfig} get pods -A -o wide
  ${enter} curl -s http://192.168.1.240/
`)
  return await new Promise<never>(() => {})
}

process.exitCode = await main()
if (sandboxDirectory() !== undefined) process.exit()
