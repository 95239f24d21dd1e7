// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asFiles, type Case, OPTIONS, testCases } from '../../../../test/check/warnings.ts'
import { core, peer } from '../../../../test/model/objects.ts'
import { collectProblems } from './collect.ts'

const annotated = (annotations: Record<string, string>) => [core('Service', 's', { spec: {} }, { annotations })]
const old = (name: string) => `Service/s metadata.annotations["metallb.universe.tf/${name}"] deprecatedAnnotation`

const CASES: readonly Case[] = [
  ['an annotation of today', annotated({ 'metallb.io/address-pool': 'a' }), []],
  ['an annotation of before', annotated({ 'metallb.universe.tf/address-pool': 'a' }), [old('address-pool')]],
  [
    'both',
    annotated({ 'metallb.universe.tf/address-pool': 'a', 'metallb.io/address-pool': 'a' }),
    [old('address-pool')],
  ],
  [
    'two of before',
    annotated({ 'metallb.universe.tf/address-pool': 'a', 'metallb.universe.tf/allow-shared-ip': 'k' }),
    [old('address-pool'), old('allow-shared-ip')],
  ],
  ['another one', annotated({ 'example.com/metallb.universe.tf': 'a' }), []],
  ['BGPPeer v1beta2', [peer('p')], []],
  ['BGPPeer v1beta1', [{ ...peer('p'), apiVersion: 'metallb.io/v1beta1' }], ['BGPPeer/p apiVersion deprecatedVersion']],
]
testCases(collectProblems, ['deprecatedAnnotation', 'deprecatedVersion'], { cases: CASES })

const said = (annotations: Record<string, string>) =>
  collectProblems(asFiles(annotated(annotations)), OPTIONS).map(({ message }) => message)[0] ?? ''

test('the new form is named', () => {
  const legacy = { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.1' }
  assert.match(said(legacy), /write metallb\.io\/loadBalancerIPs$/)
  assert.match(said({ ...legacy, 'metallb.io/loadBalancerIPs': '192.0.2.1' }), /counts, so remove this one$/)
})
