// SPDX-License-Identifier: Apache-2.0
/** Manifests → what becomes of them, as far as it is decided without a network: the pure core, put together. */
import { converge } from '../../src/ipam/converge.ts'
import { Ledger } from '../../src/ipam/ledger.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import { formatCidr } from '../../src/lib/prefix.ts'
import type { Problem } from '../../src/lib/problem.ts'
import { readManifest } from '../../src/manifests/read.ts'
import { type Endpoint, parseEndpointSlice } from '../../src/model/endpoint.ts'
import { loadModel } from '../../src/model/load.ts'
import type { Model } from '../../src/model/model.ts'
import { parseService, type Service } from '../../src/model/service.ts'
import { planBgp } from '../../src/plan/bgp.ts'
import { planL2 } from '../../src/plan/l2.ts'

export type Outcome = Readonly<{
  problems: readonly Problem[]
  model: Model | null
  /** `namespace/name` → its address, or the code of the refusal. */
  addresses: Readonly<Record<string, string>>
  /** `namespace/name` → `node address interfaces`, for every node that answers on Layer 2. */
  answers: Readonly<Record<string, readonly string[]>>
  /** `node → peer: prefix communities` of every route. */
  routes: readonly string[]
}>

const NAMESPACE = 'metallb-system'

/** Each text is a file; Services of later files are newer. */
export function outcomeOf(...files: readonly string[]): Outcome {
  const read = files.map((text, index) => drain(readManifest(text, { file: `${index}.yaml`, namespace: NAMESPACE })))
  const objects = read.flatMap(({ entries }) => entries.flatMap(({ object }) => object ?? []))
  const { model, problems } = loadModel(objects, { namespace: NAMESPACE })
  const all = [...read.flatMap((file) => file.problems), ...problems]
  const services = objects.filter(({ kind }) => kind === 'Service').map(toService)
  if (!model) return { problems: all, model, addresses: {}, answers: {}, routes: [] }
  const verdicts = assign(model, services)
  const addresses = Object.fromEntries(verdicts.map(({ service, text }) => [service.key, text]))
  return {
    problems: all,
    model,
    addresses,
    ...announce(
      model,
      verdicts.map(({ service }) => service),
      objects,
    ),
  }
}

/** `code Kind/name field`, to compare problems by what they are about. */
export function summary({ problems }: Outcome): string[] {
  return problems.map(
    ({ severity, code, object, field }) => `${severity} ${code} ${object.kind}/${object.name} ${field}`,
  )
}

function drain<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

function toService(object: KubeObject): Service {
  const parsed = parseService(object, { fillDefaults: true })
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '))
  return parsed.service
}

function assign(model: Model, services: readonly Service[]): { service: Service; text: string }[] {
  const ledger = new Ledger(model.pools)
  return services.map((service) => {
    const { lease, refusal } = converge(ledger, service)
    const ips = lease?.ips ?? []
    return { service: { ...service, ingress: ips.map((ip) => ({ ip })) }, text: refusal?.code ?? ips.join(',') }
  })
}

function announce(
  model: Model,
  services: readonly Service[],
  objects: readonly KubeObject[],
): Pick<Outcome, 'answers' | 'routes'> {
  const world = { model, speakers: new Set(model.nodes.keys()), interfaces: new Map(), ignoreExcludeLabel: false }
  const answers: Record<string, string[]> = {}
  const routes: string[] = []
  for (const service of services) {
    const endpoints = endpointsOf(service, objects)
    const nodes = [...model.nodes.keys()]
    answers[service.key] = nodes.flatMap((node) => {
      const plan = planL2(service, endpoints, { world, node })
      return plan.announce ? plan.claims.map(({ ip, interfaces }) => `${node} ${ip} ${String(interfaces)}`) : []
    })
    for (const node of nodes) {
      const plan = planBgp(service, endpoints, { world, node })
      if (!plan.announce) continue
      for (const { peer, route } of plan.routes)
        routes.push(`${node} → ${peer}: ${formatCidr(route.prefix)} ${route.communities.map(communityText).join(' ')}`)
    }
  }
  return { answers, routes }
}

function endpointsOf(service: Service, objects: readonly KubeObject[]): Endpoint[] {
  const slices = objects
    .filter(({ kind }) => kind === 'EndpointSlice')
    .flatMap((slice) => parseEndpointSlice(slice) ?? [])
  return slices.filter((slice) => slice.service === service.key).flatMap((slice) => slice.endpoints)
}

function communityText(value: number): string {
  return `${value >>> 16}:${value & 0xffff}`
}
