// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../../../kube/admission.ts'
import type { AdmissionRequest, Conversion, ConversionRequest, Verdict } from '../../../kube/admission-review.ts'
import type { KubeApi } from '../../../kube/api.ts'
import type { Log } from '../../../lib/log.ts'
import { convertPeer, PEER_V1BETA1, PEER_V1BETA2 } from '../../../model/convert-peer.ts'
import { admit } from './admit.ts'
import { RULES, type Rule } from './rules.ts'

/** Every path that the webhooks answer, and how. `namespace` is MetalLB's own. */
export function makeRoutes(context: Readonly<{ api: KubeApi; namespace: string; log: Log }>): Map<string, Route> {
  const admissions = RULES.map((rule): [string, Route] => {
    const decide = async (request: AdmissionRequest) => {
      const verdict = await admit(rule, request, context)
      report(context.log, { rule, request, verdict })
      return verdict
    }
    return [rule.path, { review: 'admission', decide }]
  })
  return new Map([...admissions, ['/convert', { review: 'conversion', decide: convert }]])
}

/** BGPPeers from either version to either. */
async function convert({ desiredApiVersion, objects }: ConversionRequest): Promise<Conversion> {
  const version = VERSIONS.find((known) => known === desiredApiVersion)
  if (version === undefined) {
    return {
      ok: false,
      message: `BGPPeer has no version ${desiredApiVersion.slice(0, 64)}, only ${VERSIONS.join(', ')}`,
    }
  }
  const stranger = objects.find(({ apiVersion, kind }) => {
    return kind !== 'BGPPeer' || !VERSIONS.some((known) => known === apiVersion)
  })
  if (stranger) return { ok: false, message: `only BGPPeers of ${VERSIONS.join(', ')} are converted` }
  return { ok: true, objects: objects.map((object) => convertPeer(object, version)) }
}

const VERSIONS = [PEER_V1BETA1, PEER_V1BETA2] as const

type Decided = Readonly<{ rule: Rule; request: AdmissionRequest; verdict: Verdict }>

/** Of BGP objects every one, since people look for them; of others what was refused. */
function report(log: Log, { rule, request, verdict }: Decided): void {
  const { object, oldObject, operation } = request
  const { name = '', namespace = '' } = (object ?? oldObject)?.metadata ?? {}
  const what = { object: `${rule.resource.kind}/${namespace}/${name}`, operation }
  const subject = rule.isBgp ? 'bgp object' : 'object'
  if (verdict.refusal) log.warn(`${subject} refused`, { ...what, reason: verdict.refusal.message })
  else if (rule.isBgp) log.info(`${subject} admitted`, what)
  else log.debug(`${subject} admitted`, what)
}
