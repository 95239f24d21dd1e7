// SPDX-License-Identifier: Apache-2.0
/** Pools and Services in one line each, for tests and benches of allocation. */
import assert from 'node:assert/strict'
import type { Verdict } from '../../src/ipam/converge.ts'
import { ALLOCATED_FROM_POOL } from '../../src/ipam/converge.ts'
import { parseIp } from '../../src/lib/ip.ts'
import { parseCidr, type Range, rangeOf, summarize } from '../../src/lib/prefix.ts'
import type { AddressBlock, Allocation, Pool } from '../../src/model/pool.ts'
import type { Selector } from '../../src/model/selector.ts'
import type { Service } from '../../src/model/service.ts'

/** A pool of blocks like `192.0.2.0/28` or `192.0.2.1-192.0.2.9`, separated by blanks. */
export function pool(name: string, addresses: string, fields: Partial<Pool> = {}): Pool {
  const blocks = addresses.split(' ').map(block)
  return { name, labels: {}, blocks, autoAssign: true, avoidBuggyIps: false, allocation: null, ...fields }
}

function block(text: string): AddressBlock {
  const range = text.includes('/') ? rangeOfCidr(text) : rangeBetween(text)
  return { text, range, cidrs: summarize(range) }
}

function rangeOfCidr(text: string): Range {
  const cidr = parseCidr(text)
  assert(cidr, text)
  return rangeOf(cidr)
}

function rangeBetween(text: string): Range {
  const [first, last] = text.split('-').map((end) => parseIp(end))
  assert(first && last && first.family === last.family, text)
  return { family: first.family, first: first.bits, last: last.bits }
}

/** serviceAllocation of a pool. */
export function pinned({ priority = 0, namespaces = [], selectors = [] }: PinnedTo): { allocation: Allocation } {
  return { allocation: { priority, namespaces: new Set(namespaces), serviceSelectors: selectors } }
}

type PinnedTo = Readonly<{ priority?: number; namespaces?: readonly string[]; selectors?: readonly Selector[] }>

export function label(key: string, ...values: string[]): Selector {
  return { requirements: [{ key, operator: 'In', values }] }
}

/** A LoadBalancer Service `name` or `namespace/name` with one IPv4 cluster IP and port TCP/80. */
export function service(key: string, fields: Partial<Service> = {}): Service {
  const [name = '', namespace = 'default'] = key.split('/').toReversed()
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    labels: {},
    annotations: {},
    createdMs: 0,
    type: 'LoadBalancer',
    loadBalancerClass: null,
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: [],
    clusterFamilies: ['ipv4'],
    headless: false,
    externalTrafficPolicy: 'Cluster',
    podSelector: {},
    ports: [{ protocol: 'TCP', port: 80 }],
    loadBalancerIp: '',
    healthCheckNodePort: null,
    ingress: [],
    ...fields,
  }
}

export const dual = { clusterFamilies: ['ipv4', 'ipv6'], ipFamilyPolicy: 'PreferDualStack' } as const
export const requireDual = { ...dual, ipFamilyPolicy: 'RequireDualStack' } as const
export const ipv6 = { clusterFamilies: ['ipv6'], ipFamilies: ['ipv6'] } as const

export function asks(annotations: Readonly<Record<string, string>>): { annotations: Service['annotations'] } {
  return {
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`metallb.io/${key}`, value])),
  }
}

export function holds(...ips: string[]): { ingress: Service['ingress'] } {
  return { ingress: ips.map((ip) => ({ ip })) }
}

export function ports(...texts: string[]): { ports: Service['ports'] } {
  return {
    ports: texts.map((text) => {
      const [protocol = '', port] = text.split('/')
      return { protocol, port: Number(port) }
    }),
  }
}

/** The Service as it stands once the verdict has been written. */
export function written(before: Service, { lease }: Pick<Verdict, 'lease'>): Service {
  const { [ALLOCATED_FROM_POOL]: _, ...annotations } = before.annotations
  return {
    ...before,
    ingress: (lease?.ips ?? []).map((ip) => ({ ip })),
    annotations: lease ? { ...annotations, [ALLOCATED_FROM_POOL]: lease.pool } : annotations,
  }
}
