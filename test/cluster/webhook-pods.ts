// SPDX-License-Identifier: Apache-2.0
/**
 * Controllers as the Pods of a Deployment: the whole program, each in a network of its own, where the ports 9443 and
 * 17472 are free. As with a Pod, the network outlives a program that is killed, and refuses connections then.
 */
import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Child } from '../../lab/cluster/child.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { until } from '../../lab/wait.ts'
import { ip } from '../lab/wire-namespace.ts'

const BRIDGE = 'pods'
export const WEBHOOK_PORT = 9443
const HEALTH_PORT = 17_472
/** Where the API server has to listen for Pods to reach it. */
export const HUB = '198.18.0.254'

/** Makes the network of the cluster, in the namespace of this process. */
export function makePodNetwork(): void {
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', BRIDGE, 'type', 'bridge')
  ip('address', 'add', `${HUB}/24`, 'dev', BRIDGE)
  ip('link', 'set', BRIDGE, 'up')
}

export class ControllerPod {
  readonly address: string
  readonly program: ClusterProgram
  readonly #network: Child

  /** Starts number 1, 2 and so on; `kubeconfig` is that of the controller's service account. */
  static async start(number: number, kubeconfig: string): Promise<ControllerPod> {
    const directory = scratchDirectory('pod')
    const network = new Child('network', ['unshare', '--net', 'sleep', 'infinity'], join(directory, 'network.log'))
    const isApart = () => namespaceOf(network.pid) !== namespaceOf('self') || undefined
    await until(isApart, () => `no network of its own: ${network.lastWords()}`)
    return new ControllerPod({ number, kubeconfig, directory, network })
  }

  constructor({ number, kubeconfig, directory, network }: PodParts) {
    this.address = `198.18.0.${number}`
    this.#network = network
    const pid = String(network.pid)
    const within = ['nsenter', `--net=/proc/${pid}/ns/net`]
    const near = `pod${number}`
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid)
    ip('link', 'set', near, 'master', BRIDGE, 'up')
    for (const command of ['link set lo up', `address add ${this.address}/24 dev eth0`, 'link set eth0 up']) {
      execFileSync('nsenter', [...within.slice(1), 'ip', ...command.split(' ')])
    }
    const flags = ['--kubeconfig', kubeconfig, '--namespace', 'metallb-system', '--run-dir', join(directory, 'run')]
    const own = ['--pod-name', `controller-${number}`, '--log-level=all']
    this.program = new ClusterProgram(['controller', ...flags, ...own], { within })
  }

  /** What the kubelet is told when it asks whether the replica is ready; 0 where nobody answers. */
  readyStatus(): Promise<number> {
    return new Promise((resolve) => {
      const asked = get({ host: this.address, port: HEALTH_PORT, path: '/readyz' }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asked.on('error', () => resolve(0))
    })
  }

  /** The certificate that it shows on port 9443, as its fingerprint; '' where nobody answers. */
  shownCertificate(): Promise<string> {
    return new Promise((resolve) => {
      const asked = connect({ host: this.address, port: WEBHOOK_PORT, rejectUnauthorized: false }, () => {
        resolve(asked.getPeerCertificate().fingerprint256)
        asked.destroy()
      })
      asked.on('error', () => resolve(''))
    })
  }

  /** SIGTERM; its network goes with it. */
  async stop(): Promise<void> {
    await this.program.stop()
    await this.#network.end()
  }
}

type PodParts = Readonly<{ number: number; kubeconfig: string; directory: string; network: Child }>

function namespaceOf(process: number | 'self'): string {
  return readlinkSync(`/proc/${process}/ns/net`)
}
