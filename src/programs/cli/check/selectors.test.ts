// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asFiles, type Case, OPTIONS, testCases } from '../../../../test/check/warnings.ts'
import { bgp, l2, node, peer } from '../../../../test/model/objects.ts'
import { collectProblems } from './collect.ts'

const rack = (value: string) => ({ nodeSelectors: [{ matchLabels: { rack: value } }] })
const expression = (key: string, operator: string, ...values: string[]) => ({
  nodeSelectors: [{ matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }] }],
})
const n1 = node('n1', { rack: 'r1', zone: 'a' })
const n2 = node('n2', { rack: 'r2', zone: 'b' })

const CASES: readonly Case[] = [
  ['a label that a Node has', [n1, l2('l', rack('r1'))], []],
  [
    'a value that no Node has',
    [n1, l2('l', rack('r9'))],
    ['L2Advertisement/l spec.nodeSelectors[0].matchLabels.rack unknownLabel'],
  ],
  ['the same without Nodes among the files', [l2('l', rack('r9'))], []],
  [
    'a peer by such a label',
    [n1, peer('p', rack('r9'))],
    ['BGPPeer/p spec.nodeSelectors[0].matchLabels.rack unknownLabel'],
  ],
  [
    'a BGPAdvertisement by such a label',
    [n1, bgp('b', rack('r9'))],
    ['BGPAdvertisement/b spec.nodeSelectors[0].matchLabels.rack unknownLabel'],
  ],
  [
    'a key with a prefix',
    [n1, l2('l', { nodeSelectors: [{ matchLabels: { 'x.io/y': '1' } }] })],
    ['L2Advertisement/l spec.nodeSelectors[0].matchLabels["x.io/y"] unknownLabel'],
  ],
  ['one of several values', [n1, l2('l', expression('rack', 'In', 'r9', 'r1'))], []],
  [
    'none of several values',
    [n1, l2('l', expression('rack', 'In', 'r8', 'r9'))],
    ['L2Advertisement/l spec.nodeSelectors[0].matchExpressions[0] unknownLabel'],
  ],
  ['a key that exists', [n1, l2('l', expression('rack', 'Exists'))], []],
  [
    'a key that does not exist',
    [n1, l2('l', expression('row', 'Exists'))],
    ['L2Advertisement/l spec.nodeSelectors[0].matchExpressions[0] unknownLabel'],
  ],
  ['a key that must not exist', [n1, l2('l', expression('row', 'DoesNotExist'))], []],
  [
    'a preference for what no Node has',
    [n1, l2('l', { preferredNodeSelectors: [{ weight: 1, preference: { matchLabels: { rack: 'r9' } } }] })],
    ['L2Advertisement/l spec.preferredNodeSelectors[0].preference.matchLabels.rack unknownLabel'],
  ],
  [
    'labels of two Nodes in one selector',
    [n1, n2, l2('l', { nodeSelectors: [{ matchLabels: { rack: 'r1', zone: 'b' } }] })],
    ['L2Advertisement/l spec.nodeSelectors selectsNoNode'],
  ],
  [
    'labels of two Nodes in two selectors',
    [n1, n2, l2('l', { nodeSelectors: [{ matchLabels: { rack: 'r1' } }, { matchLabels: { zone: 'b' } }] })],
    [],
  ],
  [
    'nothing but what is excluded',
    [n1, l2('l', expression('rack', 'NotIn', 'r1'))],
    ['L2Advertisement/l spec.nodeSelectors selectsNoNode'],
  ],
]
testCases(collectProblems, ['unknownLabel', 'selectsNoNode'], { cases: CASES })

const said = (spec: object) =>
  collectProblems(asFiles([n1, l2('l', spec)]), OPTIONS).find(({ code }) => code === 'unknownLabel')?.message

test('a label is corrected where one is near', () => {
  assert.match(
    said({ nodeSelectors: [{ matchLabels: { raack: 'r1' } }] }) ?? '',
    /no Node has a label raack; did you mean rack\?$/,
  )
  assert.match(said(rack('west')) ?? '', /no Node has label rack=west; the values there are: r1$/)
})
