// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readManifests } from '../../lab/cluster/apply.ts'
import type { AuditEvent } from '../../lab/cluster/audit.ts'
import { grantedTo, usesOf, wrongRights } from './used-rights.ts'

const ACCOUNT = { name: 'robot', namespace: 'home' }
const USER = 'system:serviceaccount:home:robot'
const ROLES = readManifests(`
{kind: ClusterRole, metadata: {name: wide}, rules: [{apiGroups: [''], resources: [services], verbs: [list]}]}
---
{kind: Role, metadata: {name: near, namespace: home}, rules: [
  {apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a, b]},
  {apiGroups: [x.io], resources: [things, things/status], verbs: [create]}]}
---
{kind: Role, metadata: {name: near, namespace: elsewhere}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}
---
{kind: ClusterRoleBinding, metadata: {name: w}, roleRef: {kind: ClusterRole, name: wide},
  subjects: [{kind: ServiceAccount, name: robot, namespace: home}, {kind: ServiceAccount, name: other, namespace: home}]}
---
{kind: RoleBinding, metadata: {name: n, namespace: home}, roleRef: {kind: Role, name: near},
  subjects: [{kind: ServiceAccount, name: robot, namespace: home}]}
`)

const RIGHTS = [
  'list services * everywhere',
  'get secrets a home',
  'get secrets b home',
  'create things.x.io * home',
  'create things/status.x.io * home',
]

test('rights are those of all roles that are bound to the account, where they are bound', () => {
  const all = grantedTo(ACCOUNT, ROLES).map(({ verb, resource, group, name, namespace }) => {
    return `${verb} ${resource}${group && `.${group}`} ${name || '*'} ${namespace || 'everywhere'}`
  })
  assert.deepEqual(all, RIGHTS)
  assert.equal(grantedTo({ name: 'other', namespace: 'home' }, ROLES).length, 1)
  assert.deepEqual(grantedTo({ name: 'robot', namespace: 'elsewhere' }, ROLES), [])
})

test('a binding to a role that is not there is a mistake', () => {
  const alone = ROLES.filter(({ kind }) => kind !== 'ClusterRole')
  assert.throws(() => grantedTo(ACCOUNT, alone), /names ClusterRole wide, which is not there/)
})

/** `verb resource[.group][/subresource] namespace name status`, with - for nothing. */
function event(text: string, username: string = USER): AuditEvent {
  const [verb = '', what = '', namespace = '-', name = '-', code = '200'] = text.split(' ')
  const [whole = '', subresource] = what.split('/')
  const [resource = '', ...group] = whole.split('.')
  const objectRef = {
    resource,
    ...(group.length > 0 && { apiGroup: group.join('.') }),
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== '-' && { namespace }),
    ...(name !== '-' && { name }),
  }
  const time = { requestReceivedTimestamp: '', stageTimestamp: '' }
  return {
    stage: 'ResponseComplete',
    verb,
    requestURI: '/',
    user: { username },
    objectRef,
    responseStatus: { code: Number(code) },
    ...time,
  }
}

const USED = [
  'list services - -',
  'get secrets home a',
  'get secrets home b 404',
  'create things.x.io home t 201',
  'create things.x.io/status home t 201',
]

const CASES: [name: string, events: readonly string[], wrong: readonly string[]][] = [
  ['all is used', USED, []],
  ['one right is not used', USED.slice(1), ['robot may list services everywhere and never does']],
  [
    'a right to one name is not used by another',
    USED.toSpliced(2, 1),
    ['robot may get secrets b in home and never does'],
  ],
  [
    'a subresource is no part of its resource',
    USED.slice(0, -1),
    ['robot may create things/status.x.io in home and never does'],
  ],
  [
    'a right everywhere that is used at home alone',
    USED.with(0, 'list services home -'),
    ['robot may list services everywhere and does so in home only'],
  ],
  ['one that is used elsewhere', USED.with(0, 'list services shop -'), []],
  [
    'a refusal, said once, is no use',
    [...USED, 'patch nodes - n 403', 'patch nodes - n 403', 'get secrets home c 403'],
    ['robot was refused to patch nodes n everywhere', 'robot was refused to get secrets c in home'],
  ],
  ['an apply that makes the object creates it', USED.with(3, 'patch things.x.io home t 201'), []],
  [
    'an apply that changes it does not',
    USED.with(3, 'patch things.x.io home t 200'),
    ['robot may create things.x.io in home and never does'],
  ],
]
for (const [name, events, wrong] of CASES) {
  test(name, () => {
    const uses = usesOf(
      USER,
      events.map((text) => event(text)),
    )
    assert.deepEqual(wrongRights(ACCOUNT, grantedTo(ACCOUNT, ROLES), uses).toSorted(), [...wrong].toSorted())
  })
}

test("what others do is not the account's", () => {
  assert.deepEqual(usesOf(USER, [event('list services - -', 'admin')]), [])
})
