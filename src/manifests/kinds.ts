// SPDX-License-Identifier: Apache-2.0
/** Kinds of Kubernetes' own API groups that live outside namespaces. Every other kind is taken to be namespaced. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'APIService',
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'CSIDriver',
  'CSINode',
  'CustomResourceDefinition',
  'DeviceClass',
  'FlowSchema',
  'IPAddress',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'ResourceSlice',
  'RuntimeClass',
  'ServiceCIDR',
  'StorageClass',
  'StorageVersion',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
])

/** The API group of `apiVersion`; '' is the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

export function isClusterScoped(apiVersion: string, kind: string): boolean {
  const group = groupOf(apiVersion)
  return CLUSTER_SCOPED.has(kind) && (group === '' || !group.includes('.') || group.endsWith('.k8s.io'))
}

/** Whether objects of this apiVersion are of metallb.io, in any version. */
export function isMetallb(apiVersion: string): boolean {
  return groupOf(apiVersion) === 'metallb.io'
}

const CORE_KINDS: ReadonlySet<string> = new Set(['Node', 'Namespace', 'Service', 'Secret', 'ConfigMap'])

/**
 * Kinds that decide something here. Objects of others are not looked at: neither their flaws are ours to judge, nor is a
 * Service of another group (Knative has one) the Service of its name.
 */
export function reads(apiVersion: string, kind: string): boolean {
  if (isMetallb(apiVersion)) return true
  const group = groupOf(apiVersion)
  return group === '' ? CORE_KINDS.has(kind) : group === 'discovery.k8s.io' && kind === 'EndpointSlice'
}
