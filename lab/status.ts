// SPDX-License-Identifier: Apache-2.0
/** What the controller says about a Service, read where a user without Kubernetes would: in DIR/.status. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from './read-text.ts'

export type Condition = Readonly<{ type: string; status: string; reason: string; message: string }>
export type ServiceStatus = Readonly<{ addresses: readonly string[]; conditions: readonly Condition[] }>

export type ServiceEvent = Readonly<{ type: string; reason: string; message: string }>

type Written = { status?: { loadBalancer?: { ingress?: { ip: string }[] }; conditions?: Condition[] } }

/** Of a Service without a status, as of one that is not there, the lists are empty. */
export function readServiceStatus(directory: string, namespace: string, name: string): ServiceStatus {
  const text = readText(join(directory, '.status', 'services', `${namespace}.${name}.json`))
  const { status }: Written = JSON.parse(text ?? '{}')
  return {
    addresses: (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
    conditions: status?.conditions ?? [],
  }
}

export function readServiceEvents(directory: string, namespace: string, name: string): ServiceEvent[] {
  const folder = join(directory, '.status', 'events')
  return globSync(`${namespace}.${name}.*.json`, { cwd: folder }).flatMap((file): ServiceEvent[] => {
    const text = readText(join(folder, file))
    return text === undefined ? [] : [JSON.parse(text)]
  })
}
