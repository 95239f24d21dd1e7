// SPDX-License-Identifier: Apache-2.0
/** Where kinds stand in the API server's paths. */
export type Resource = Readonly<{
  /** '' is the core group. */
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
}>

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const metallb = (plural: string, kind: string, version = 'v1beta1'): Resource => ({
  group: 'metallb.io',
  version,
  plural,
  kind,
  namespaced: true,
})

export const SERVICES = core('services', 'Service')
export const NODES = core('nodes', 'Node', false)
export const NAMESPACES = core('namespaces', 'Namespace', false)
export const SECRETS = core('secrets', 'Secret')
export const CONFIG_MAPS = core('configmaps', 'ConfigMap')
export const PODS = core('pods', 'Pod')
export const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }
export const ENDPOINT_SLICES: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}
export const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}
export const DAEMON_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
}
export const IP_ADDRESS_POOLS = metallb('ipaddresspools', 'IPAddressPool')
export const L2_ADVERTISEMENTS = metallb('l2advertisements', 'L2Advertisement')
export const BGP_ADVERTISEMENTS = metallb('bgpadvertisements', 'BGPAdvertisement')
export const BGP_PEERS = metallb('bgppeers', 'BGPPeer', 'v1beta2')
export const BFD_PROFILES = metallb('bfdprofiles', 'BFDProfile')
export const COMMUNITIES = metallb('communities', 'Community')
export const SERVICE_L2_STATUSES = metallb('servicel2statuses', 'ServiceL2Status')
export const SERVICE_BGP_STATUSES = metallb('servicebgpstatuses', 'ServiceBGPStatus')
export const CONFIGURATION_STATES = metallb('configurationstates', 'ConfigurationState')

type Place = Readonly<{ namespace?: string; name?: string; subresource?: string }>

/** The absolute path of a collection, an object or its subresource. Without `namespace`: all namespaces. */
export function pathOf({ group, version, plural, namespaced }: Resource, place: Place = {}): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const { namespace, name, subresource } = place
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const parts = [name, subresource].filter((part) => part !== undefined).map(encodeURIComponent)
  return [`${root}${within}/${plural}`, ...parts].join('/')
}
