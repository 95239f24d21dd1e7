// SPDX-License-Identifier: Apache-2.0
/** Objects for tests of the model, with no more said than a test is about. */

import type { KubeObject } from '../../src/lib/object.ts'
import type { Problem } from '../../src/lib/problem.ts'
import { type Loaded, loadModel } from '../../src/model/load.ts'

export const NAMESPACE = 'metallb-system'

type Meta = Partial<KubeObject['metadata']>

export function metallb(kind: string, name: string, spec: object, meta: Meta = {}): KubeObject {
  const metadata = { name, namespace: NAMESPACE, labels: {}, annotations: {}, ...meta }
  return { apiVersion: kind === 'BGPPeer' ? 'metallb.io/v1beta2' : 'metallb.io/v1beta1', kind, metadata, spec }
}

export function core(kind: string, name: string, sections: object = {}, meta: Meta = {}): KubeObject {
  const metadata = { name, namespace: NAMESPACE, labels: {}, annotations: {}, ...meta }
  return { apiVersion: 'v1', kind, metadata, ...sections }
}

export const node = (name: string, labels: Record<string, string> = {}, status: object = {}): KubeObject =>
  core('Node', name, { status }, { namespace: '', labels: { 'kubernetes.io/hostname': name, ...labels } })

export const namespace = (name: string, labels: Record<string, string> = {}): KubeObject =>
  core('Namespace', name, {}, { namespace: '', labels })

export const pool = (
  name: string,
  addresses: readonly string[],
  spec: object = {},
  labels: Record<string, string> = {},
) => metallb('IPAddressPool', name, { addresses, ...spec }, { labels })

export const peer = (name: string, spec: object = {}): KubeObject =>
  metallb('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.254', ...spec })

export const l2 = (name: string, spec: object = {}): KubeObject => metallb('L2Advertisement', name, spec)
export const bgp = (name: string, spec: object = {}): KubeObject => metallb('BGPAdvertisement', name, spec)
export const profile = (name: string, spec: object = {}): KubeObject => metallb('BFDProfile', name, spec)
export const community = (name: string, ...communities: { name: string; value: string }[]): KubeObject =>
  metallb('Community', name, { communities })

/** A selector for one host, and one that is told apart from it by its operator. */
export const host = (...names: readonly string[]) => ({
  matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: names }],
})

export function load(...objects: readonly KubeObject[]): Loaded {
  return loadModel(objects, { namespace: NAMESPACE })
}

/** `Kind/name field code`, with `warning ` or `transient ` in front where that applies. */
export function summarize({ severity, transient, object, field, code }: Problem): string {
  const kind = severity === 'warning' ? 'warning ' : transient ? 'transient ' : ''
  return `${kind}${object.kind}/${object.name} ${field} ${code}`
}
