// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi, KubeRequest } from './api.ts'
import { type Access, reviewAccess, reviewOwnAccess, reviewToken, type User } from './review.ts'

/** An API server with one answer, and what it was asked. */
function answering(status: unknown): { api: KubeApi; asked: KubeRequest[] } {
  const asked: KubeRequest[] = []
  const api: KubeApi = {
    request: async (request) => {
      asked.push(request)
      return { status }
    },
    stream: () => assert.fail('a review is one request'),
    close: () => {},
  }
  return { api, asked }
}

const ALICE: User = { username: 'alice', uid: '7', groups: ['ops'], extra: { scopes: ['read'] } }

const TOKENS: [string, unknown, User | null][] = [
  ['a known token', { authenticated: true, user: ALICE }, ALICE],
  [
    'only a name',
    { authenticated: true, user: { username: 'bob' } },
    { username: 'bob', uid: '', groups: [], extra: {} },
  ],
  ['an unknown token', { authenticated: false, error: 'expired' }, null],
  ['no word on it', {}, null],
  ['no status at all', undefined, null],
  ['authenticated, but nobody', { authenticated: true }, null],
  ['a word that is not true', { authenticated: 'true', user: ALICE }, null],
]
for (const [name, status, expected] of TOKENS) {
  test(`TokenReview: ${name}`, async () => {
    const { api, asked } = answering(status)
    assert.deepEqual(await reviewToken(api, 'secret'), expected)
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'secret' } }
    assert.deepEqual(asked, [{ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body }])
  })
}

const ANSWERS: [string, unknown, boolean][] = [
  ['allowed', { allowed: true }, true],
  ['not allowed', { allowed: false }, false],
  ['allowed by one authorizer, denied by another', { allowed: true, denied: true }, false],
  ['nothing said', {}, false],
  ['null', null, false],
]
for (const [name, status, expected] of ANSWERS) {
  test(`access reviews: ${name}`, async () => {
    const access: Access = { verb: 'get', path: '/metrics' }
    assert.equal(await reviewAccess(answering(status).api, ALICE, access), expected)
    assert.equal(await reviewOwnAccess(answering(status).api, access), expected)
  })
}

test('access reviews: what is asked', async () => {
  const { api, asked } = answering({ allowed: true })
  await reviewAccess(api, ALICE, { verb: 'get', path: '/metrics' })
  await reviewOwnAccess(api, { verb: 'patch', group: '', resource: 'services/status', namespace: 'default' })
  const { username: user, uid, groups, extra } = ALICE
  assert.deepEqual(
    asked.map(({ path, body }) => [path, body]),
    [
      [
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user, uid, groups, extra, nonResourceAttributes: { verb: 'get', path: '/metrics' } },
        },
      ],
      [
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: {
            resourceAttributes: {
              verb: 'patch',
              group: '',
              resource: 'services',
              subresource: 'status',
              namespace: 'default',
            },
          },
        },
      ],
    ],
  )
})
