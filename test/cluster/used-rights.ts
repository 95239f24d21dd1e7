// SPDX-License-Identifier: Apache-2.0
/** What a service account may do, by its roles, against what it did, by the audit log. */
import type { Manifest } from '../../lab/cluster/api-client.ts'
import type { AuditEvent } from '../../lab/cluster/audit.ts'

/** One verb on one resource. */
export type Right = Readonly<{
  /** '' is everywhere. */
  namespace: string
  group: string
  /** With its subresource: `services/status`. */
  resource: string
  verb: string
  /** '' is any name. */
  name: string
}>

export type Account = Readonly<{ name: string; namespace: string }>

type Role = Manifest & { rules: readonly Rule[] }
type Rule = Readonly<{
  apiGroups: readonly string[]
  resources: readonly string[]
  verbs: readonly string[]
  resourceNames?: readonly string[]
}>
type Binding = Manifest & {
  roleRef: Readonly<{ kind: string; name: string }>
  subjects: readonly Readonly<{ kind: string; name: string; namespace: string }>[]
}

/** Every right that roles and bindings among the manifests give an account. Throws where a binding names no role. */
export function grantedTo({ name, namespace }: Account, manifests: readonly Manifest[]): Right[] {
  const bindings = manifests.filter(isBinding).filter(({ subjects }) => {
    return subjects.some((one) => one.kind === 'ServiceAccount' && one.name === name && one.namespace === namespace)
  })
  return bindings.flatMap(({ kind, metadata, roleRef }) => {
    const within = kind === 'RoleBinding' ? (metadata.namespace ?? '') : ''
    const home = roleRef.kind === 'Role' ? within : undefined
    const role = manifests.filter(isRole).find((one) => {
      return one.kind === roleRef.kind && one.metadata.name === roleRef.name && one.metadata.namespace === home
    })
    if (!role) throw new Error(`${kind} ${metadata.name} names ${roleRef.kind} ${roleRef.name}, which is not there`)
    return role.rules.flatMap((rule) => rightsOf(rule, within))
  })
}

const isBinding = (object: Manifest): object is Binding => /^(?:Cluster)?RoleBinding$/.test(object.kind)
const isRole = (object: Manifest): object is Role => /^(?:Cluster)?Role$/.test(object.kind)

function rightsOf({ apiGroups, resources, verbs, resourceNames = [''] }: Rule, namespace: string): Right[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => resourceNames.map((name) => ({ namespace, group, resource, verb, name }))),
    ),
  )
}

/** What a user asked for. */
export type Use = Right & Readonly<{ status: number }>

/** The requests of a user for resources, by its full name; questions about versions and health are nobody's right. */
export function usesOf(user: string, events: readonly AuditEvent[]): Use[] {
  return events.flatMap(({ verb, objectRef, responseStatus, user: { username } }) => {
    if (username !== user || objectRef?.resource === undefined) return []
    const { resource, subresource, namespace = '', name = '', apiGroup: group = '' } = objectRef
    const status = responseStatus?.code ?? 0
    const whole = subresource === undefined ? resource : `${resource}/${subresource}`
    const use = { namespace, group, resource: whole, verb, name, status }
    // An apply or a PUT that makes the object needs the right to create it, too.
    return status === 201 && verb !== 'create' ? [use, { ...use, verb: 'create' }] : [use]
  })
}

/**
 * What is wrong, in sentences: requests that were refused, rights that nobody used, and rights over all namespaces that
 * were used in the account's own alone. Nothing is wrong with rights that are as small as they can be.
 */
export function wrongRights(account: Account, rights: readonly Right[], uses: readonly Use[]): string[] {
  const refused = uses.filter(({ status }) => status === 403).map((use) => `was refused to ${shown(use)}`)
  const allowed = uses.filter(({ status }) => status !== 403)
  const superfluous = rights.flatMap((right) => {
    const matching = allowed.filter((use) => covers(right, use))
    if (matching.length === 0) return [`may ${shown(right)} and never does`]
    const everywhere = right.namespace === '' && matching.every(({ namespace }) => namespace === account.namespace)
    return everywhere ? [`may ${shown(right)} and does so in ${account.namespace} only`] : []
  })
  return [...new Set([...refused, ...superfluous])].map((sentence) => `${account.name} ${sentence}`)
}

function covers(right: Right, use: Use): boolean {
  if (right.namespace !== '' && right.namespace !== use.namespace) return false
  if (right.name !== '' && right.name !== use.name) return false
  return right.group === use.group && right.resource === use.resource && right.verb === use.verb
}

function shown({ verb, resource, group, name, namespace }: Right): string {
  const what = `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` ${name}`}`
  return `${what} ${namespace === '' ? 'everywhere' : `in ${namespace}`}`
}
