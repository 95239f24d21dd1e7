// SPDX-License-Identifier: Apache-2.0
/** What the tests of the controller share: a namespace per test, the pool, and what Services say they hold. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import type { ApiServer } from '../../lab/cluster/api-server.ts'
import type { AuditEvent } from '../../lab/cluster/audit.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { type Objects, observed, observedAll } from '../../lab/cluster/observe.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'

export const SERVICES = '/api/v1/namespaces/default/services'
export const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool'
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** Starts a controller of the checkout; the kubeconfig is the API server's or a proxy's. */
export function startController(
  kubeconfig: string,
  own: readonly string[] = ['--namespace', 'metallb-system'],
): ClusterProgram {
  const runDirectory = mkdtempSync(join(dirname(kubeconfig), 'run-'))
  const quiet = ['--port=0', '--health-probe-port=0', '--webhook-mode=disabled', '--run-dir', runDirectory]
  return new ClusterProgram(['controller', '--kubeconfig', kubeconfig, ...own, ...quiet])
}

/** Starts one and resolves when it leads. */
export async function startLeader(kubeconfig: string): Promise<ClusterProgram> {
  const controller = startController(kubeconfig)
  await controller.said('leading')
  return controller
}

/** The first address of a Service, '' where it has none. */
export function ipOf(service: Manifest | undefined): string {
  const ip = fieldAt(service, 'status', 'loadBalancer', 'ingress', 0, 'ip')
  return typeof ip === 'string' ? ip : ''
}

/** Resolves with the address when the Service has one. */
export async function addressOf(server: ApiServer, name: string): Promise<string> {
  const place = { path: SERVICES, name }
  return ipOf(await observed(server.client, place, (service) => ipOf(service) !== '', `${name} has an address`))
}

/** The condition metallb.io/AddressAssigned, or another one of ours, as `status reason`; '' where there is none. */
export function conditionOf(service: Manifest | undefined, name = 'AddressAssigned'): string {
  const conditions = fieldAt(service, 'status', 'conditions')
  const all: unknown[] = Array.isArray(conditions) ? conditions : []
  const ours = all.find((condition) => fieldAt(condition, 'type') === `metallb.io/${name}`)
  return ours === undefined ? '' : `${String(fieldAt(ours, 'status'))} ${String(fieldAt(ours, 'reason'))}`
}

/** Name → address of all Services of type LoadBalancer. */
export async function holdings(server: ApiServer): Promise<Map<string, string>> {
  const { items } = await server.client.list(SERVICES)
  return holdingsOf(new Map(items.map((item) => [item.metadata.name, item])))
}

function holdingsOf(services: Objects): Map<string, string> {
  const ours = [...services].filter(([, service]) => fieldAt(service, 'spec', 'type') === 'LoadBalancer')
  return new Map(ours.map(([name, service]) => [name, ipOf(service)]))
}

/** Resolves with what all hold once every Service, or as many as `room`, has an address. */
export async function allServed(server: ApiServer, room: number): Promise<Map<string, string>> {
  const isServed = (services: Objects) => {
    const held = [...holdingsOf(services).values()]
    return held.filter((ip) => ip !== '').length >= Math.min(room, held.length)
  }
  return holdingsOf(await observedAll(server.client, SERVICES, { holds: isServed, what: 'all Services are served' }))
}

/** Fails where an address is held twice or lies outside 192.0.2.1 to 192.0.2.`last`. */
export function assertSound(held: ReadonlyMap<string, string>, last: number, when: string): void {
  const ips = [...held.values()].filter((ip) => ip !== '')
  assert.equal(new Set(ips).size, ips.length, `${when}: an address is held twice: ${JSON.stringify([...held])}`)
  for (const ip of ips) assert.ok(Number(ip.split('.')[3]) <= last, `${when}: ${ip} is not of the pool`)
}

/** What the controller wrote since, as `verb resource name`; the Lease is its own affair. */
export function writesSince(server: ApiServer, since: number): string[] {
  return server
    .auditEvents()
    .slice(since)
    .filter((event) => isOurs(event) && !READS.has(event.verb) && event.objectRef?.resource !== 'leases')
    .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} ${objectRef?.name ?? ''}`.trim())
}

function isOurs({ userAgent, stage }: AuditEvent): boolean {
  return stage === 'ResponseComplete' && (userAgent?.startsWith('metallb-controller/') ?? false)
}
