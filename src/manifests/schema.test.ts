// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../lib/object.ts'
import { SCHEMA_CODES, type Structure, validateStructure } from './schema.ts'

const META = { name: 'subject', namespace: 'metallb-system', labels: {}, annotations: {} }

function check(kind: string, sections: unknown, apiVersion = 'metallb.io/v1beta1'): Structure {
  const object: KubeObject = Object.assign({ apiVersion, kind, metadata: META }, sections)
  return validateStructure(object)
}

const v1beta2 = (spec: unknown) => check('BGPPeer', { spec }, 'metallb.io/v1beta2')
const pool = (spec: unknown) => check('IPAddressPool', { spec })
const text = ({ problems }: Structure) => problems.map(({ severity, field, message }) => [severity, field, message])

const DEFAULTS: [name: string, checked: () => Structure, spec: unknown][] = [
  [
    'a pool is assigned from automatically',
    () => pool({ addresses: [] }),
    { addresses: [], autoAssign: true, avoidBuggyIPs: false },
  ],
  [
    'null is as good as absent',
    () => pool({ addresses: [], autoAssign: null, serviceAllocation: null }),
    { addresses: [], autoAssign: true, avoidBuggyIPs: false },
  ],
  [
    'what is written stays',
    () => pool({ addresses: [], autoAssign: false, avoidBuggyIPs: true }),
    { addresses: [], autoAssign: false, avoidBuggyIPs: true },
  ],
  [
    'an advertisement announces single addresses',
    () => check('BGPAdvertisement', { spec: {} }),
    { aggregationLength: 32, aggregationLengthV6: 128 },
  ],
  [
    'a peer listens on 179',
    () => v1beta2({ myASN: 1 }),
    { myASN: 1, peerPort: 179, disableMP: false, dualStackAddressFamily: false },
  ],
  [
    'an old peer has no default port',
    () => check('BGPPeer', { spec: { myASN: 1, peerASN: 2, peerAddress: 'a' } }),
    { myASN: 1, peerASN: 2, peerAddress: 'a' },
  ],
  [
    'defaults of a section come in only with the section',
    () => v1beta2({ myASN: 1, passwordSecret: { name: 's' }, gracefulRestart: { enabled: true } }),
    {
      myASN: 1,
      peerPort: 179,
      disableMP: false,
      dualStackAddressFamily: false,
      passwordSecret: { name: 's', key: 'password' },
      gracefulRestart: { enabled: true, restartTime: '120s' },
    },
  ],
  ['without spec there is nothing to fill in', () => check('L2Advertisement', {}), undefined],
]
for (const [name, checked, spec] of DEFAULTS) {
  test(`defaults: ${name}`, () => {
    const result = checked()
    assert.deepEqual(result.problems, [])
    assert.ok(result.ok)
    assert.deepEqual(result.object['spec'], spec)
  })
}

const SENTENCES: [name: string, checked: () => Structure, expected: string[][]][] = [
  [
    'a number in quotes',
    () => v1beta2({ myASN: '64500' }),
    [
      [
        'error',
        'spec.myASN',
        'this is the string "64500", expected a whole number from 0 to 4294967295; remove the quotes',
      ],
    ],
  ],
  [
    'a number out of range',
    () => v1beta2({ myASN: 1, peerPort: 20000 }),
    [
      [
        'error',
        'spec.peerPort',
        'this is the number 20000, expected a whole number from 1 to 16384; choose a number in this range',
      ],
    ],
  ],
  [
    'a fraction',
    () => v1beta2({ myASN: 1.5 }),
    [
      [
        'error',
        'spec.myASN',
        'this is the number 1.5, expected a whole number from 0 to 4294967295; leave the fraction out',
      ],
    ],
  ],
  [
    'yes for true',
    () => pool({ addresses: [], autoAssign: 'yes' }),
    [['error', 'spec.autoAssign', 'this is the string "yes", expected true or false; write true, without quotes']],
  ],
  [
    'a bare address for a list',
    () => pool({ addresses: '192.0.2.0/24' }),
    [
      [
        'error',
        'spec.addresses',
        'this is the string "192.0.2.0/24", expected a list of strings; put each entry on a line of its own that starts with "- "',
      ],
    ],
  ],
  [
    'a number for text',
    () => check('Community', { spec: { communities: [{ name: 'a', value: 64512.1 }] } }),
    [['error', 'spec.communities[0].value', 'this is the number 64512.1, expected a string; put it in quotes']],
  ],
  [
    'a misspelt word',
    () => v1beta2({ myASN: 1, dynamicASN: 'Externl' }),
    [
      [
        'error',
        'spec.dynamicASN',
        'this is the string "Externl", expected one of "internal", "external"; did you mean "external"?',
      ],
    ],
  ],
  [
    'an empty entry',
    () => pool({ addresses: ['192.0.2.0/24', null] }),
    [['error', 'spec.addresses[1]', 'this is empty (null), expected a string; fill it in or remove it']],
  ],
  [
    'a missing section',
    () => check('IPAddressPool', {}),
    [
      [
        'error',
        'spec',
        'this is missing, expected a map with the fields addresses, autoAssign, avoidBuggyIPs, serviceAllocation; add it',
      ],
    ],
  ],
  [
    'a misspelt required field',
    () => pool({ adresses: [] }),
    [
      ['error', 'spec.addresses', 'this is missing, expected a list of strings; add it'],
      ['warning', 'spec.adresses', 'there is no field adresses here, it is ignored; did you mean addresses?'],
    ],
  ],
  [
    'a field of the other version',
    () => check('BGPPeer', { spec: { myASN: 1, peerASN: 2, peerAddress: 'a', vrf: 'red' } }),
    [
      [
        'warning',
        'spec.vrf',
        'there is no field vrf here, it is ignored; it belongs to metallb.io/v1beta2, change apiVersion or remove it',
      ],
    ],
  ],
  [
    'a field of another kind',
    () => check('Community', { spec: { weight: 1 } }),
    [['warning', 'spec.weight', 'there is no field weight here, it is ignored; remove it, or use one of communities']],
  ],
  [
    'a section that does not exist',
    () => check('L2Advertisement', { Spec: {} }),
    [['warning', 'Spec', 'there is no field Spec here, it is ignored; did you mean spec?']],
  ],
  [
    'a label that is no text',
    () => check('L2Advertisement', { metadata: { name: 'a', labels: { 'example.com/zone': true } } }),
    [['error', 'metadata.labels["example.com/zone"]', 'this is the boolean true, expected a string; put it in quotes']],
  ],
  [
    'a name that would leave its folder',
    () => check('L2Advertisement', { metadata: { name: '../../etc/passwd' } }),
    [
      [
        'error',
        'metadata.name',
        'this is the string "../../etc/passwd", expected a name of lower-case letters, digits, "-" and ".", at most 253 long; choose such a value',
      ],
    ],
  ],
  [
    'no name',
    () => check('L2Advertisement', { metadata: { generateName: 'a-' } }),
    [
      [
        'error',
        'metadata.name',
        'this is missing, expected a name of lower-case letters, digits, "-" and ".", at most 253 long; add it',
      ],
    ],
  ],
  [
    'no metadata',
    () => check('L2Advertisement', { metadata: null }),
    [
      [
        'error',
        'metadata',
        'this is missing, expected a map with a name, and where needed labels and annotations; add it',
      ],
    ],
  ],
  [
    'a password is not repeated',
    () => v1beta2({ myASN: 1, password: 12345 }),
    [['error', 'spec.password', 'this is a number, expected a string; put it in quotes']],
  ],
  [
    'a long value is cut short',
    () => v1beta2({ myASN: 1, nodeSelectors: 'x'.repeat(1e6) }),
    [
      [
        'error',
        'spec.nodeSelectors',
        `this is the string "${'x'.repeat(60)}…", expected a list of maps; put each entry on a line of its own that starts with "- "`,
      ],
    ],
  ],
  [
    'the kind of old',
    () => check('AddressPool', {}),
    [
      [
        'error',
        'kind',
        'AddressPool was replaced by IPAddressPool; move its spec.addresses to an IPAddressPool, and announce that with an L2Advertisement (protocol layer2) or a BGPAdvertisement (protocol bgp)',
      ],
    ],
  ],
  [
    'a misspelt kind',
    () => check('IPAdressPool', {}),
    [['error', 'kind', 'metallb.io has no kind IPAdressPool; did you mean IPAddressPool?']],
  ],
  [
    'an unknown kind',
    () => check('__proto__', {}),
    [
      [
        'error',
        'kind',
        'metallb.io has no kind __proto__; use one of BFDProfile, BGPAdvertisement, BGPPeer, Community, ConfigurationState, IPAddressPool, L2Advertisement, ServiceBGPStatus, ServiceL2Status',
      ],
    ],
  ],
  [
    'an unknown version',
    () => check('BGPPeer', {}, 'metallb.io/v1'),
    [['error', 'apiVersion', 'BGPPeer has no version metallb.io/v1; use metallb.io/v1beta1 or metallb.io/v1beta2']],
  ],
]
for (const [name, checked, expected] of SENTENCES) {
  test(`problems: ${name}`, () => assert.deepEqual(text(checked()), expected))
}

test('all problems of an object are reported at once', () => {
  const fields = v1beta2({ peerASN: -1, peerPort: 0, vrf: 1, nodeSelectors: [{ matchLabels: { a: 1, b: 2 } }, 'x'] })
  assert.deepEqual(fields.problems.map(({ field }) => field).toSorted(), [
    'spec.myASN',
    'spec.nodeSelectors[0].matchLabels.a',
    'spec.nodeSelectors[0].matchLabels.b',
    'spec.nodeSelectors[1]',
    'spec.peerASN',
    'spec.peerPort',
    'spec.vrf',
  ])
})

test('unknown fields are left out, at every depth, and the input stays as it was', () => {
  const spec = { addresses: [], serviceAllocation: { priority: 1, prio: 2 }, zone: { deep: {} } }
  const before = structuredClone(spec)
  const result = pool(spec)
  assert.deepEqual(
    result.problems.map(({ field, code, severity }) => [field, code, severity]),
    [
      ['spec.serviceAllocation.prio', 'unknownField', 'warning'],
      ['spec.zone', 'unknownField', 'warning'],
    ],
  )
  assert.ok(result.ok)
  assert.deepEqual(result.object['spec'], {
    addresses: [],
    serviceAllocation: { priority: 1 },
    autoAssign: true,
    avoidBuggyIPs: false,
  })
  assert.deepEqual(spec, before)
})

test('labels and annotations are there even if nobody wrote them', () => {
  const result = check('L2Advertisement', { metadata: { name: 'a', labels: null, creationTimestamp: null } })
  assert.ok(result.ok)
  assert.deepEqual(result.object.metadata, { name: 'a', namespace: '', labels: {}, annotations: {} })
})

test('problems name the object they are told to name', () => {
  const ref = { kind: 'IPAddressPool', namespace: 'n', name: 'other' }
  const object: KubeObject = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: META }
  assert.deepEqual(validateStructure(object, ref).problems[0]?.object, ref)
  assert.deepEqual(validateStructure(object).problems[0]?.object, {
    kind: 'IPAddressPool',
    namespace: 'metallb-system',
    name: 'subject',
  })
})

test('objects of other groups pass through untouched', () => {
  for (const apiVersion of ['v1', 'apps/v1', 'frrk8s.metallb.io/v1beta1', 'metallb.io.example.com/v1']) {
    const object: KubeObject = { apiVersion, kind: 'BGPPeer', metadata: META, spec: null }
    assert.deepEqual(validateStructure(object), { ok: true, object, problems: [] })
  }
})

test('the free addresses of an unbounded pool are a valid count', () => {
  const status = JSON.parse('{"assignedIPv4":0,"assignedIPv6":0,"availableIPv4":0,"availableIPv6":9223372036854775807}')
  assert.deepEqual(check('IPAddressPool', { spec: { addresses: [] }, status }).problems, [])
})

test('every code that is reported is a listed one', () => {
  const codes = [pool({ x: 1 }), check('Pool', {})].flatMap(({ problems }) => problems.map(({ code }) => code))
  assert.deepEqual([...new Set(codes)].toSorted(), [...SCHEMA_CODES].toSorted())
})
