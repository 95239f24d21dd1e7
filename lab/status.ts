// SPDX-License-Identifier: Apache-2.0
/** What the controller says about a Service, read where a user without Kubernetes would: in DIR/.status. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Condition = Readonly<{ type: string; status: string; reason: string; message: string }>
export type ServiceStatus = Readonly<{ addresses: readonly string[]; conditions: readonly Condition[] }>

type Written = { status?: { loadBalancer?: { ingress?: { ip: string }[] }; conditions?: Condition[] } }

/** Of a Service without a status, as of one that is not there, the lists are empty. */
export function readServiceStatus(directory: string, namespace: string, name: string): ServiceStatus {
  const file = join(directory, '.status', 'services', `${namespace}.${name}.json`)
  if (!existsSync(file)) return { addresses: [], conditions: [] }
  const { status }: Written = JSON.parse(readFileSync(file, 'utf8'))
  return {
    addresses: (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
    conditions: status?.conditions ?? [],
  }
}
