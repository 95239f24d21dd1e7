// SPDX-License-Identifier: Apache-2.0
/** Where an API server looks up whom to trust when it calls us: one place for each webhook, one for the conversion. */
import type { Resource } from '../../../kube/resource.ts'
import type { KubeObject } from '../../../lib/object.ts'
import { bundleHas } from './certificate-state.ts'

const cluster = (group: string, plural: string, kind: string): Resource => {
  return { group, version: 'v1', plural, kind, namespaced: false }
}
export const WEBHOOK_CONFIGURATIONS = cluster(
  'admissionregistration.k8s.io',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
)
export const CRDS = cluster('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition')
/** Their names, which are MetalLB's. */
export const CONFIGURATION_NAME = 'metallb-webhook-configuration'
export const CRD_NAME = 'bgppeers.metallb.io'

type Place = Readonly<{
  /** JSON pointer (RFC 6901) of the clientConfig. */
  at: string
  /** What must still be there for the pointer to mean the same, and its value. */
  guard: Readonly<{ path: string; value: unknown }>
  /** PEM in base64; '' where there is none. */
  caBundle: string
}>

type Operation = Readonly<{ op: 'test' | 'add'; path: string; value: unknown }>

/** Whether whoever calls us because of this object trusts what `authority` has signed. */
export function trusts(object: KubeObject, authority: string): boolean {
  return placesOf(object).every(({ caBundle }) => bundleHas(Buffer.from(caBundle, 'base64').toString(), authority))
}

/** A JSON patch (RFC 6902) that brings `bundle` to every place that has another one; null: none has. */
export function injectionOf(object: KubeObject, bundle: string): readonly Operation[] | null {
  const caBundle = Buffer.from(bundle).toString('base64')
  const places = placesOf(object).filter((place) => place.caBundle !== caBundle)
  if (places.length === 0) return null
  return places.flatMap(({ at, guard }): Operation[] => [
    { op: 'test', ...guard },
    { op: 'add', path: `${at}/caBundle`, value: caBundle },
  ])
}

function placesOf(object: KubeObject): readonly Place[] {
  return object.kind === CRDS.kind ? conversionOf(object) : webhooksOf(object)
}

function webhooksOf({ webhooks }: KubeObject): readonly Place[] {
  if (!Array.isArray(webhooks)) return []
  return webhooks.map((webhook: unknown, index) => {
    const guard = { path: `/webhooks/${index}/name`, value: fieldAt(webhook, 'name') }
    const caBundle = textAt(webhook, 'clientConfig', 'caBundle')
    return { at: `/webhooks/${index}/clientConfig`, guard, caBundle }
  })
}

/** A CRD without conversion by webhook calls nobody. */
function conversionOf({ spec }: KubeObject): readonly Place[] {
  const strategy = fieldAt(spec, 'conversion', 'strategy')
  if (strategy !== 'Webhook') return []
  const caBundle = textAt(spec, 'conversion', 'webhook', 'clientConfig', 'caBundle')
  const guard = { path: '/spec/conversion/strategy', value: strategy }
  return [{ at: '/spec/conversion/webhook/clientConfig', guard, caBundle }]
}

function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = fieldAt(value, ...keys)
  return typeof found === 'string' ? found : ''
}

function fieldAt(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    value,
  )
}
