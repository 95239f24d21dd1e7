// SPDX-License-Identifier: Apache-2.0
/** What must neither crash, nor hang, nor leave a trace in the prototypes everybody shares. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../lib/object.ts'
import { type Structure, validateStructure } from './schema.ts'

const META = { name: 'subject', namespace: 'metallb-system', labels: {}, annotations: {} }

function check(kind: string, sections: unknown): Structure {
  const object: KubeObject = Object.assign({ apiVersion: 'metallb.io/v1beta1', kind, metadata: META }, sections)
  return validateStructure(object)
}

const parse = (json: string): unknown => JSON.parse(json)
const nested = (open: string, close: string, depth: number) => parse(open.repeat(depth) + close.repeat(depth))
const many = <T>(entry: (index: number) => T) => Array.from({ length: 100_000 }, (_, index) => entry(index))
const deepMap = parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)

const INPUTS: [name: string, kind: string, sections: unknown, first: string][] = [
  [
    '__proto__ as a field',
    'IPAddressPool',
    parse('{"spec":{"addresses":[],"__proto__":{"autoAssign":false}}}'),
    'spec.__proto__',
  ],
  ['__proto__ as a section', 'L2Advertisement', parse('{"__proto__":{"spec":{}}}'), ''],
  [
    'constructor as a field',
    'IPAddressPool',
    parse('{"spec":{"addresses":[],"constructor":{"prototype":{"x":1}}}}'),
    'spec.constructor',
  ],
  [
    'hasOwnProperty as a field',
    'IPAddressPool',
    parse('{"spec":{"addresses":[],"hasOwnProperty":1,"toString":2}}'),
    'spec.hasOwnProperty',
  ],
  ['a list nested 5,000 deep', 'IPAddressPool', { spec: { addresses: nested('[', ']', 5000) } }, 'spec.addresses[0]'],
  ['a map nested 5,000 deep', 'IPAddressPool', { spec: deepMap }, 'spec.addresses'],
  ['an unknown field nested 5,000 deep', 'L2Advertisement', { spec: { deep: deepMap } }, 'spec.deep'],
  ['100,000 addresses', 'IPAddressPool', { spec: { addresses: many(() => '192.0.2.1/32') } }, ''],
  ['100,000 entries of the wrong type', 'IPAddressPool', { spec: { addresses: many((i) => i) } }, 'spec.addresses[0]'],
  [
    '100,000 broken selectors',
    'L2Advertisement',
    { spec: { nodeSelectors: many(() => ({ matchExpressions: [{ key: 1 }] })) } },
    'spec.nodeSelectors[0].matchExpressions[0].operator',
  ],
  [
    '100,000 unknown fields',
    'L2Advertisement',
    { spec: Object.fromEntries(many((i) => [`field${i}`, i])) },
    'spec.field0',
  ],
  [
    '100,000 labels',
    'L2Advertisement',
    { metadata: { ...META, labels: Object.fromEntries(many((i) => [`l${i}`, 'x'])) } },
    '',
  ],
  ['a field name of a megabyte', 'L2Advertisement', { spec: { ['x'.repeat(1e6)]: 1 } }, `spec["${'x'.repeat(64)}"]`],
  ['a name of a megabyte', 'L2Advertisement', { metadata: { ...META, name: `${'a'.repeat(1e6)}!` } }, 'metadata.name'],
  [
    'a name that makes patterns backtrack',
    'L2Advertisement',
    { metadata: { ...META, name: `${'a.-'.repeat(1e5)}!` } },
    'metadata.name',
  ],
  [
    'a condition type that makes patterns backtrack',
    'ConfigurationState',
    {
      status: {
        conditions: [
          {
            type: `${'a.'.repeat(1e5)}!`,
            status: 'True',
            reason: 'A',
            message: '',
            lastTransitionTime: '2026-01-31T12:00:00Z',
          },
        ],
      },
    },
    'status.conditions[0].type',
  ],
  [
    'numbers that JSON has not',
    'IPAddressPool',
    { spec: { addresses: [], serviceAllocation: { priority: Number.NaN } } },
    'spec.serviceAllocation.priority',
  ],
]
for (const [name, kind, sections, first] of INPUTS) {
  test(`${name}: within a second of work`, () => {
    const before = process.threadCpuUsage()
    const { problems } = check(kind, sections)
    // Processor time: what else the machine does is not our work.
    const after = process.threadCpuUsage()
    const tookMs = (after.user + after.system - before.user - before.system) / 1000
    assert.equal(problems[0]?.field ?? '', first)
    assert.ok(problems.length <= 202, `${problems.length} problems`)
    assert.ok(problems.every(({ message }) => message.length < 1000))
    assert.ok(tookMs < 1000, `took ${tookMs} ms`)
    assert.equal(Object.hasOwn(Object.prototype, 'autoAssign'), false)
    assert.equal(({} as Record<string, unknown>)['x'], undefined)
  })
}

test('what is not listed is counted', () => {
  const { problems } = check('IPAddressPool', { spec: { addresses: many((index) => index) } })
  assert.equal(problems.length, 101)
  assert.equal(
    problems.at(-1)?.message,
    'IPAddressPool subject has 99900 more problems of this sort; cure those listed first',
  )
})

test('__proto__ as a label key is kept as a key', () => {
  const result = check('L2Advertisement', parse('{"spec":{"nodeSelectors":[{"matchLabels":{"__proto__":"x"}}]}}'))
  assert.ok(result.ok)
  assert.equal(JSON.stringify(result.object['spec']), '{"nodeSelectors":[{"matchLabels":{"__proto__":"x"}}]}')
})

test('an object that contains itself is cut off by the schema', () => {
  const spec: Record<string, unknown> = { addresses: [] }
  spec['serviceAllocation'] = spec
  const { ok, problems } = check('IPAddressPool', { spec })
  assert.deepEqual([ok, problems.length], [true, 2])
})
