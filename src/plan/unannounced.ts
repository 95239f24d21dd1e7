// SPDX-License-Identifier: Apache-2.0
/** Why no node announces a Service that has an address, in one reason for the Service as a whole. */
import type { Endpoint } from '../model/endpoint.ts'
import type { Service } from '../model/service.ts'
import { list } from '../model/wording.ts'
import { planBgp } from './bgp.ts'
import { holdingOf } from './eligibility.ts'
import { planL2, surveyL2 } from './l2.ts'
import type { Silence, SilenceReason } from './silence.ts'
import type { World } from './world.ts'

/** Besides what a plan can say: a plan says that a node announces, and no speaker says that it does. */
export const UNANNOUNCED_REASONS = ['speakerSilent'] as const

/** `message` is one sentence for a person. */
export type Unannounced = Readonly<{ reason: SilenceReason | (typeof UNANNOUNCED_REASONS)[number]; message: string }>

/** Asked when no speaker says that it announces the Service. */
export function whyUnannounced(service: Service, endpoints: readonly Endpoint[], world: World): Unannounced {
  const holding = holdingOf(service, world.model)
  if (!holding.ok) return unannounced(holding.silence)
  const nodes = [...world.model.nodes.keys()]
  const { announcer } = surveyL2(service, endpoints, world)
  if (announcer) return speakerSilent([announcer.node], 'answer', holding.ip)
  const routing = nodes.filter((node) => planBgp(service, endpoints, { world, node }).announce)
  if (routing.length > 0) return speakerSilent(routing, 'send routes', holding.ip)
  const isLayer2 = world.model.l2ByPool.get(holding.pool.name)?.some((ad) => ad.nodes.size > 0) ?? false
  const layer2 = silenceOf(
    isLayer2 ? nodes : [],
    (node) => planL2(service, endpoints, { world, node }),
    'noMatchingAdvertisement',
  )
  const bgp = silenceOf(nodes, (node) => planBgp(service, endpoints, { world, node }), 'notOwner')
  return unannounced(layer2 ?? bgp ?? unadvertised(service, holding.pool.name, nodes))
}

/** What the first node says for which it is more than that no advertisement is for it. */
function silenceOf(
  nodes: readonly string[],
  plan: (node: string) => Readonly<{ announce: true }> | Silence,
  uninvolved: SilenceReason,
): Silence | null {
  for (const node of nodes) {
    const found = plan(node)
    if (!found.announce && found.reason !== uninvolved) return found
  }
  return null
}

function unannounced({ reason, message }: Silence): Unannounced {
  return { reason, message }
}

function unadvertised({ key }: Service, pool: string, nodes: readonly string[]): Silence {
  const message =
    nodes.length === 0
      ? `there are no Nodes that could announce ${key}`
      : `no L2Advertisement or BGPAdvertisement that selects a Node is for ${key} and its pool ${pool}`
  return { announce: false, reason: 'noMatchingAdvertisement', message }
}

function speakerSilent(nodes: readonly string[], verb: string, ip: string): Unannounced {
  const silent = nodes.length === 1 ? 'its speaker does not say so' : 'the speaker of none of them says so'
  const message = `${list(nodes.toSorted())} should ${verb} for ${ip}, but ${silent}; look at the speaker pods`
  return { reason: 'speakerSilent', message }
}
