// SPDX-License-Identifier: Apache-2.0
/** Questions to the API server: who is it that has this token, and may they (or may we ourselves) do that. */
import type { KubeApi } from './api.ts'

/** Whom a token stands for, as the API server says it. */
export type User = Readonly<{
  username: string
  uid: string
  groups: readonly string[]
  extra: Readonly<Record<string, readonly string[]>>
}>

/** What somebody wants to do: a verb on a path that is no resource (`get` on `/metrics`), or on objects. */
export type Access =
  | Readonly<{ verb: string; path: string }>
  | Readonly<{
      verb: string
      /** API group; '' is the core group. */
      group: string
      /** Plural, with `/status` and the like behind it. */
      resource: string
      /** '' is all namespaces, or a resource without any. */
      namespace: string
    }>

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews'
const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const OWN_ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** TokenReview: the user, or null where the token is none of this cluster's. Throws KubeFault when nobody answers. */
export async function reviewToken(api: KubeApi, token: string): Promise<User | null> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
  const status = statusOf(await api.request({ method: 'POST', path: TOKEN_REVIEWS, body }))
  const user = objectOf(status['user'])
  if (status['authenticated'] !== true || typeof user['username'] !== 'string') return null
  const extra = Object.entries(objectOf(user['extra'])).map(([key, values]) => [key, stringsOf(values)] as const)
  return {
    username: user['username'],
    uid: typeof user['uid'] === 'string' ? user['uid'] : '',
    groups: stringsOf(user['groups']),
    extra: Object.fromEntries(extra),
  }
}

/** SubjectAccessReview: whether that user may do it. Throws KubeFault. */
export async function reviewAccess(api: KubeApi, user: User, access: Access): Promise<boolean> {
  const { username, uid, groups, extra } = user
  const spec = { user: username, uid, groups, extra, ...attributesOf(access) }
  return isAllowed(api, ACCESS_REVIEWS, { kind: 'SubjectAccessReview', spec })
}

/** SelfSubjectAccessReview: whether we ourselves may. Throws KubeFault. */
export async function reviewOwnAccess(api: KubeApi, access: Access): Promise<boolean> {
  return isAllowed(api, OWN_ACCESS_REVIEWS, { kind: 'SelfSubjectAccessReview', spec: attributesOf(access) })
}

async function isAllowed(api: KubeApi, path: string, review: object): Promise<boolean> {
  const body = { apiVersion: 'authorization.k8s.io/v1', ...review }
  const status = statusOf(await api.request({ method: 'POST', path, body }))
  return status['allowed'] === true && status['denied'] !== true
}

function attributesOf(access: Access): object {
  if ('path' in access) return { nonResourceAttributes: { verb: access.verb, path: access.path } }
  const [resource, subresource = ''] = access.resource.split('/')
  const { verb, group, namespace } = access
  return { resourceAttributes: { verb, group, resource, subresource, namespace } }
}

type Fields = Readonly<Record<string, unknown>>

function statusOf(answer: unknown): Fields {
  return objectOf(objectOf(answer)['status'])
}

function objectOf(value: unknown): Fields {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the border: any object has fields of unknown type
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
