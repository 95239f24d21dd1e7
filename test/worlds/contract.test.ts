// SPDX-License-Identifier: Apache-2.0
/**
 * What `metallb simulate` promises, sentence by sentence: small worlds in contract/, and beside them the whole documents
 * that must come out.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseExactly, simulated } from './simulate.ts'

process.chdir(join(import.meta.dirname, 'contract'))

/** Sentence, document, arguments, exit status. */
const WORLDS: readonly (readonly [string, string, string, 0 | 1])[] = [
  [
    'namespaces, List, ignored kinds, canonical text, unbounded counters, refusal and exit 1',
    'allocation',
    'allocation.yaml',
    1,
  ],
  [
    'live state counts; another class is not handled and counts in no pool; headless; an invalid request',
    'live-state',
    'live-state.yaml',
    1,
  ],
  ['--lb-class says which classes are handled', 'lb-class', 'live-state.yaml --lb-class example.com/other', 0],
  [
    'order of work: those that keep, those that must move, the older, the rest',
    'order-of-work',
    'order-of-work.yaml',
    1,
  ],
  [
    'l2, bgp and silent of every node; communities by number; noPeer where there is no session',
    'announcing',
    'announcing.yaml',
    0,
  ],
  ['--speakers names those that are alive', 'speakers', 'announcing.yaml --speakers n2', 0],
  [
    '--interfaces: a node without any interface of the advertisement is no candidate',
    'interfaces',
    'announcing.yaml --interfaces n1=wlan0 --interfaces n2=wlan0',
    0,
  ],
  ['a bgp row is the united route of all Services that give its prefix to the session', 'united', 'united.yaml', 0],
  [
    '--then carries addresses over, and changes says nothing where nothing changed',
    'carried-over',
    'steps.yaml --then steps.then.yaml',
    1,
  ],
  [
    'a new manifest with a status of its own counts as it stands',
    'own-status',
    'steps.yaml --then steps.cleared.yaml',
    1,
  ],
  [
    '--delete belongs to its --then: freed room goes to who waits, changes has before and after',
    'deleted',
    'steps.yaml --then --delete Service/default/first',
    0,
  ],
  ['an added Service has null before', 'added', 'steps.yaml --then order-of-work.yaml', 1],
  [
    'the state is that of the last step, changes are against the step before',
    'three-steps',
    'steps.yaml --then steps.then.yaml --then --delete Service/default/first',
    0,
  ],
  [
    'an invalid first step: Services keep what they hold, nothing is given, l2 and bgp are empty',
    'invalid-first',
    'invalid.yaml',
    1,
  ],
  [
    'an invalid later step: the last valid configuration stays in use, all problems are reported',
    'invalid-later',
    'steps.yaml --then invalid.yaml',
    1,
  ],
  [
    'what the schema or a CEL rule refuses, and what is in the wrong namespace, is an error and left out',
    'unusable',
    'unusable.yaml',
    1,
  ],
  [
    'an error of a document that a later step replaces is no error any more',
    'cured',
    'steps.yaml --then invalid.yaml --then --delete IPAddressPool/metallb-system/b --delete BGPPeer/metallb-system/tor',
    1,
  ],
  ['the same object twice in one step is an error, and the later one counts', 'twice', 'twice.yaml', 1],
  ['every served version is read: BGPPeer v1beta1', 'old-peer', 'old-peer.yaml', 0],
  ['--namespace is where metallb.io objects count', 'namespace', 'old-peer.yaml --namespace lb', 0],
]

for (const [sentence, name, args, status] of WORLDS) {
  test(`${name}: ${sentence}`, async () => {
    const found = await simulated(args)
    const file = `${name}.json`
    if (process.env['WORLDS_WRITE'] !== undefined && !existsSync(file)) writeFileSync(file, found.text)
    assert.deepEqual(parseExactly(found.text), parseExactly(readFileSync(file, 'utf8')))
    assert.equal(found.status, status)
  })
}
