// SPDX-License-Identifier: Apache-2.0
/** Which component to look at when the client did not see what it should, and what is known about it. */
import { TABLE } from './forwarding.ts'
import type { Host } from './host.ts'
import { readServices } from './manifests.ts'
import { nodeOf, type Stage } from './stage.ts'

export function lookAtController({ controller }: Stage): string {
  return `Look at the controller: ${controller.describe()}`
}

export function lookAtResponder({ speakers }: Stage): string {
  return ['Look at the responder in the speakers:', ...speakers.map((speaker) => speaker.describe())].join('\n    ')
}

/** The way of a request is: an ARP answer, forwarding on that node, a Pod. Names the first that does not work. */
export async function lookAlongTheWay(stage: Stage, at: string): Promise<string> {
  const [ip = ''] = at.split(':')
  const answer = await stage.neighbors.ask(ip)
  if (!answer) return lookAtResponder(stage)
  const name = nodeOf(stage, answer.mac)
  const node = stage.nodes.find((host) => host.name === name)
  if (!node) return `The address is answered by ${answer.mac}, which is no node of the lab.`
  const deaf = await podsThatDoNotAnswer(stage, node, Number(at.slice(ip.length + 1)))
  if (deaf.length > 0) return `Look at the Pods: from ${name} there is no answer of ${deaf.join(', ')}.`
  return `${name} answers ARP and reaches every Pod. ${await lookAtForwarding(node)}`
}

export async function lookAtForwarding(node: Host): Promise<string> {
  const rules = await node.run(['nft', 'list', 'table', 'ip', TABLE]).catch(() => '')
  const count = rules.split('\n').filter((line) => line.includes('dnat ip')).length
  const found = rules === '' ? 'is not loaded' : `has ${count} rules that lead to Pods`
  return `Look at forwarding (the lab's stand-in for kube-proxy): on ${node.name} its nftables table '${TABLE}' ${found}.`
}

async function podsThatDoNotAnswer({ manifests }: Stage, node: Host, port: number): Promise<string[]> {
  const ports = readServices(manifests).flatMap((service) => service.ports)
  const backends = ports.filter((candidate) => candidate.port === port).flatMap((candidate) => candidate.backends)
  const answers = await Promise.all(backends.map((backend) => node.fetch(`http://${backend.ip}:${backend.port}/`)))
  return backends.filter((_, index) => !answers[index]?.ok).map(({ pod }) => pod)
}
