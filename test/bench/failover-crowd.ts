// SPDX-License-Identifier: Apache-2.0
/**
 * Many members of a ring in one process, each at an address of its own and no more than a member: nobody watches them.
 * Its argument is a JSON list of names and addresses, of which the first is that of somebody else. Prints `complete`
 * when each sees nearly all of them: news that somebody missed come with its next push/pull, a minute later.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { LAN } from '../../src/gossip/config.ts'
import { type Gossip, openGossip } from '../../src/gossip/session.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { openNetwork } from '../../src/os/network.ts'
import { encodeMetadata } from '../../src/programs/speaker/ring-metadata.ts'

const PORT = 7946
const MOST_UNSEEN = 3

type Named = Readonly<{ name: string; address: string }>

/** As a speaker's own metadata would be, without a port to watch it. */
const META = encodeMetadata({
  announces: true,
  version: '0.1.0',
  watchPort: 0,
  gates: { passed: 'only', listed: new Set() },
  lacking: new Set(),
  macs: ['02:00:00:00:00:0c'],
})

async function open({ name, address }: Named): Promise<Gossip> {
  return await openGossip({
    name,
    bind: { address, port: PORT },
    config: LAN,
    key: null,
    label: '',
    meta: META,
    network: openNetwork(),
    clock: systemClock,
    random: Math.random,
    log: createLog('none'),
    onChange: () => {},
    hasProofOfLife: () => false,
  })
}

const everybody: Named[] = JSON.parse(process.argv[2] ?? '[]')
const [other, ...own] = everybody
if (!other) throw new Error('who is to be there?')
const members: Gossip[] = []
for (const named of own) members.push(await open(named))
for (const member of members) await member.join([{ address: other.address, port: PORT }])
const seesNearlyAll = (member: Gossip) =>
  member.members().filter(({ state }) => state === 'alive').length >= everybody.length - MOST_UNSEEN
while (!members.every(seesNearlyAll)) await sleep(50)
process.stdout.write('complete\n')
