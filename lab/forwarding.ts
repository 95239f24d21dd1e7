// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in for kube-proxy: on each node, what arrives for a Service's address goes to one of the Service's Pods.
 * It reads the Services, their EndpointSlices and their assigned addresses, and loads nftables rules made from them.
 */
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { supervise } from '../src/lib/supervise.ts'
import type { Host } from './host.ts'
import { type Backend, readServices } from './manifests.ts'
import { readServiceStatus } from './status.ts'

/** What is sent to `ip:port` goes to one of the backends, in turn. */
export type Frontend = Readonly<{ ip: string; protocol: string; port: number; backends: readonly Backend[] }>

export const TABLE = 'stands_in_for_kube_proxy'
const POLL_MS = 10

/** Keeps the rules of all nodes in step with the directory of manifests for as long as the process lives. */
export function startForwarding(nodes: readonly Host[], directory: string): void {
  supervise('forwarding', follow(nodes, directory))
}

async function follow(nodes: readonly Host[], directory: string): Promise<never> {
  let loaded = ''
  let seen = ''
  for (;;) {
    const now = fingerprint(directory)
    const rules = now === seen ? loaded : forwardingRules(readFrontends(directory))
    if (rules !== loaded) await Promise.all(nodes.map((node) => node.run(['nft', '-f', '-'], rules)))
    loaded = rules
    seen = now
    await sleep(POLL_MS)
  }
}

function readFrontends(directory: string): Frontend[] {
  return readServices(directory).flatMap(({ namespace, name, ports }) => {
    const { addresses } = readServiceStatus(directory, namespace, name)
    // The lab's network is IPv4.
    return addresses.filter((ip) => !ip.includes(':')).flatMap((ip) => ports.map((port) => ({ ip, ...port })))
  })
}

/** Changes whenever a manifest or a status does: names, inodes (files are replaced whole) and times. */
function fingerprint(directory: string): string {
  const files = globSync(['*.yaml', '.status/services/*.json'], { cwd: directory }).toSorted()
  return files.map((file) => stamp(join(directory, file))).join('\n')
}

function stamp(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  return `${file} ${stats?.ino} ${stats?.mtimeMs}`
}

/** The rules of one node, as one transaction that replaces those before. */
export function forwardingRules(frontends: readonly Frontend[]): string {
  const served = frontends.filter(({ backends }) => backends.length > 0)
  const addresses = [...new Set(frontends.map(({ ip }) => ip))].join(', ')
  // What still has a Service's address after `dnat` was sent to a port that no Service has there.
  const refused = addresses === '' ? [] : [`ip daddr { ${addresses} } meta l4proto tcp reject with tcp reset`]
  return [
    `add table ip ${TABLE}`,
    `delete table ip ${TABLE}`,
    `table ip ${TABLE} {`,
    ...chain('to_pods', 'type nat hook prerouting priority dstnat', served.map(toPods)),
    ...chain('no_such_port', 'type filter hook forward priority filter', refused),
    // The Pod on another node answers to this one, which knows the way back; the client knows no Pods.
    ...chain('way_back', 'type nat hook postrouting priority srcnat', ['ct status dnat masquerade']),
    '}\n',
  ].join('\n')
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    ${hook}; policy accept;`, ...rules.map((rule) => `    ${rule}`), '  }']
}

function toPods({ ip, protocol, port, backends }: Frontend): string {
  const choices = backends.map((backend, index) => `${index} : ${backend.ip} . ${backend.port}`).join(', ')
  const oneOf = `numgen inc mod ${backends.length} map { ${choices} }`
  return `ip daddr ${ip} ${protocol.toLowerCase()} dport ${port} dnat ip to ${oneOf}`
}
