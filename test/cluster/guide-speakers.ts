// SPDX-License-Identifier: Apache-2.0
/** Speakers of a guide's world: each with what the DaemonSet, as it is in the API server, gives its Pod on a node. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { type ClusterProgram, LAUNCHER, type LogLine } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { ip } from '../lab/wire-namespace.ts'
import type { GuideWorld } from './guide-world.ts'

const DAEMON_SET = '/apis/apps/v1/namespaces/metallb-system/daemonsets/speaker'
/** Where the Pods have the ring's key. */
const KEY_PATH = '/etc/ml_secret_key'

export type Surroundings = Readonly<{
  /** A node's, and its Pod's. */
  addressOf(node: string): string
  /** `secretkey` of the Secret, as the API server has it. */
  secret(): Promise<string>
}>

type Running = Readonly<{ program: ClusterProgram; runDirectory: string }>

export class GuideSpeakers {
  readonly #world: GuideWorld
  readonly #surroundings: Surroundings
  /** By their nodes. */
  readonly #running = new Map<string, Running>()
  #starts = 0

  constructor(world: GuideWorld, surroundings: Surroundings) {
    this.#world = world
    this.#surroundings = surroundings
  }

  /** Makes a node's Pod as its kubelet would show it; this namespace then has its address. */
  async addPod(node: string): Promise<void> {
    const { client } = this.#world
    const podIP = this.#surroundings.addressOf(node)
    ip('address', 'add', `${podIP}/32`, 'dev', 'lo')
    const labels = { app: 'metallb', component: 'speaker' }
    const metadata = { name: `speaker-${node}`, namespace: 'metallb-system', labels }
    const spec = { nodeName: node, containers: [{ name: 'speaker', image: 'none' }] }
    const pod: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
    await client.create(pod)
    await client.patchStatus(pod, { phase: 'Running', podIP, podIPs: [{ ip: podIP }] })
  }

  /** Starts a node's; resolves when it is ready. */
  async start(node: string): Promise<ClusterProgram> {
    // Here all have one network, and the controller has it, too.
    const offset = ++this.#starts
    const args = ['--log-level=info', `--port=${7472 + offset}`, `--health-probe-port=${17_472 + offset}`]
    const runDirectory = scratchDirectory(`run-${node}`)
    const program = this.#world.start('speaker', { args, env: await this.#variables(node), runDirectory })
    this.#running.set(node, { program, runDirectory })
    await program.said('ready')
    return program
  }

  /** A node's, running or not. */
  on(node: string): ClusterProgram {
    return this.#started(node).program
  }

  /** What `/speaker --memberlist-debug` prints in a node's Pod, its lines without what aligns them. */
  async tables(node: string): Promise<string[]> {
    const asking = [LAUNCHER, 'speaker', '--memberlist-debug', '--run-dir', this.#started(node).runDirectory]
    const { status, stdout, stderr } = await this.#world.run(asking)
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' '))
  }

  /** Resolves when those of two nodes watch each other. */
  async watching(one: string, other: string): Promise<void> {
    await Promise.all([this.on(one).said(watches(other)), this.on(other).said(watches(one))])
  }

  #started(node: string): Running {
    const running = this.#running.get(node)
    assert.ok(running, `there was no speaker on ${node}`)
    return running
  }

  async #variables(node: string): Promise<Record<string, string>> {
    const daemonSet = await this.#world.client.get(DAEMON_SET)
    const env = fieldAt(daemonSet, 'spec', 'template', 'spec', 'containers', 0, 'env')
    assert.ok(Array.isArray(env))
    const variables = Object.fromEntries(env.map((variable) => this.#variable(variable, node)))
    assert.equal(variables['METALLB_ML_SECRET_KEY_PATH'], KEY_PATH)
    const mounted = scratchDirectory('secret')
    writeFileSync(join(mounted, 'secretkey'), Buffer.from(await this.#surroundings.secret(), 'base64'))
    return { ...variables, METALLB_ML_SECRET_KEY_PATH: mounted }
  }

  #variable(variable: unknown, node: string): [name: string, value: string] {
    const address = this.#surroundings.addressOf(node)
    const fields = new Map<unknown, string>([
      ['spec.nodeName', node],
      ['status.hostIP', address],
      ['status.podIP', address],
    ])
    const field = fieldAt(variable, 'valueFrom', 'fieldRef', 'fieldPath')
    const value = field === undefined ? fieldAt(variable, 'value') : fields.get(field)
    assert.ok(typeof value === 'string', JSON.stringify(variable))
    return [String(fieldAt(variable, 'name')), value]
  }
}

/** Whether a line of a speaker's log says that it and another watch each other. */
export function watches(name: string): (line: LogLine) => boolean {
  return ({ event, member }) => event === 'watchUp' && member === name
}
