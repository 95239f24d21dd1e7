// SPDX-License-Identifier: Apache-2.0
/**
 * A node: containerd, kubelet and kube-proxy as they run on a machine, in the network namespace of a lab host. They are
 * put there by nsenter, because `ip netns exec` lays a new /sys over the control groups.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../cluster/child.ts'
import { run } from '../command.ts'
import type { Host } from '../host.ts'
import { until } from '../wait.ts'
import { processesOf } from './machine.ts'
import { containerdConfig, kubeletConfig, type NodePlan, networkConfig } from './node-config.ts'

/** Where the programs are, and the kubeconfigs that they are given. */
export type NodeTools = Readonly<{ components: string; kubeletConfig: string; proxyConfig: string }>

const START_MS = 30_000
/** kube-proxy would set these for the whole machine. */
const LEAVE_CONNTRACK = ['max-per-core', 'min', 'tcp-timeout-established', 'tcp-timeout-close-wait']

export class ClusterNode {
  readonly host: Host
  readonly plan: NodePlan
  readonly #tools: NodeTools
  #running: Child[] = []

  constructor(host: Host, plan: NodePlan, tools: NodeTools) {
    this.host = host
    this.plan = plan
    this.#tools = tools
    mkdirSync(join(plan.directory, 'cni'), { recursive: true })
  }

  get name(): string {
    return this.plan.name
  }

  /** Starts containerd and loads the images; resolves when both is done. */
  async startContainers(archives: readonly string[]): Promise<void> {
    const { directory, snapshotter } = this.plan
    writeFileSync(this.#file('containerd.toml'), containerdConfig(this.plan))
    writeFileSync(this.#file('cni/10-pods.conflist'), networkConfig(this.plan))
    const containerd = this.#start('containerd', ['containerd', '--config', this.#file('containerd.toml')])
    const ctr = ['ctr', '--address', join(directory, 'containerd.sock'), '--namespace', 'k8s.io']
    const answers = () =>
      run([...ctr, 'version']).then(
        () => true,
        () => undefined,
      )
    await until(answers, () => `containerd does not answer. ${containerd.lastWords()}`, START_MS)
    for (const archive of archives) await run([...ctr, 'images', 'import', '--snapshotter', snapshotter, archive])
  }

  /** Starts kubelet and kube-proxy; the API server then learns of the node. */
  startKubelet(): void {
    const { name, host, plan } = this
    const { components, kubeletConfig: kubeletAccess, proxyConfig } = this.#tools
    writeFileSync(this.#file('kubelet.json'), kubeletConfig(plan))
    this.#start('kubelet', [
      join(components, 'kubelet'),
      `--config=${this.#file('kubelet.json')}`,
      `--kubeconfig=${kubeletAccess}`,
      `--root-dir=${this.#file('kubelet')}`,
      `--cert-dir=${this.#file('kubelet-pki')}`,
      `--hostname-override=${name}`,
      `--node-ip=${host.plan.address}`,
    ])
    this.#start('kube-proxy', [
      join(components, 'kube-proxy'),
      `--kubeconfig=${proxyConfig}`,
      `--hostname-override=${name}`,
      '--proxy-mode=nftables',
      '--nodeport-addresses=primary',
      `--cluster-cidr=10.244.0.0/16`,
      ...LEAVE_CONNTRACK.map((setting) => `--conntrack-${setting}=0`),
    ])
  }

  /** As when its plug is pulled: the cable is dead, and no process gets to say anything. */
  async powerOff(): Promise<void> {
    await run(['ip', 'link', 'set', this.name, 'down'])
    await Promise.all(this.#running.map((child) => child.end('SIGKILL')))
    for (const pid of processesOf(this.plan.cgroup)) killQuietly(pid)
  }

  /** For somebody who has to look at it. */
  describe(): string {
    return this.#running.map((child) => child.lastWords()).join('\n')
  }

  #start(name: string, command: readonly string[]): Child {
    const inside = ['nsenter', `--net=/run/netns/${this.host.name}`, ...command]
    const child = new Child(`${name} of ${this.name}`, inside, this.#file(`${name}.log`))
    this.#running.push(child)
    return child
  }

  #file(name: string): string {
    return join(this.plan.directory, name)
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
