// SPDX-License-Identifier: Apache-2.0
/**
 * The real controller killed (-9) at random moments while Services come, change and go. Whatever the moment: no address
 * is held by two Services, none lies outside the pool, and a Service that was seen with an address keeps it.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Daemon } from '../build/daemon.ts'

const METALLB = join(import.meta.dirname, '../../bin/metallb')
const KILLS = 25
const SERVICES = 40
const ADDRESSES = 30 // fewer than Services, so that freed room is always wanted
const POOL = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'a', namespace: 'metallb-system' },
  spec: { addresses: [`192.0.2.1-192.0.2.${ADDRESSES}`] },
}

/** A linear congruential generator: the same story for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}

/** What the files say: Service → address. */
function holdings(directory: string): Map<string, string> {
  const folder = join(directory, '.status/services')
  const held = new Map<string, string>()
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    const { metadata, status } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const [entry] = status.loadBalancer.ingress ?? []
    if (entry) held.set(metadata.name, entry.ip)
  }
  return held
}

function assertSound(held: ReadonlyMap<string, string>, when: string): void {
  const ips = [...held.values()]
  assert.equal(new Set(ips).size, ips.length, `${when}: an address is held twice: ${JSON.stringify([...held])}`)
  for (const ip of ips) assert.ok(Number(ip.split('.')[3]) <= ADDRESSES, `${when}: ${ip} is not of the pool`)
}

test(`${KILLS} kills of the controller at random moments: nothing lost, nothing doubled`, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const roll = dice(seed)
  const directory = mkdtempSync(join(tmpdir(), 'metallb-kill-'))
  const present = new Set<string>()
  /** What was held at the last kill by Services that were there ever since. */
  let known = new Map<string, string>()
  const write = (name: string) => {
    const spec = { type: 'LoadBalancer', ports: [{ port: 1 + roll(1000) }] }
    const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(manifest))
    present.add(name)
  }
  const remove = (name: string) => {
    rmSync(join(directory, `${name}.json`), { force: true })
    present.delete(name)
    known.delete(name) // whoever comes back under this name is another one
  }
  try {
    writeFileSync(join(directory, 'pool.json'), JSON.stringify(POOL))
    for (let i = 0; i < SERVICES; i++) write(`s${i}`)
    for (let kill = 1; kill <= KILLS; kill++) {
      const daemon = new Daemon([METALLB, 'controller', '--manifests', directory])
      const gone = once(daemon.child, 'close')
      // Some are killed while they start, some while they work.
      if (roll(3) > 0) await daemon.ready
      for (let change = roll(12); change > 0; change--) {
        const name = `s${roll(SERVICES)}`
        if (roll(3) === 0) remove(name)
        else write(name)
        if (roll(2) === 0) await sleep(roll(25))
      }
      await sleep(roll(60))
      daemon.child.kill('SIGKILL')
      await gone
      const held = holdings(directory)
      assertSound(held, `kill ${kill}`)
      for (const [name, ip] of known) {
        assert.equal(held.get(name), ip, `kill ${kill}: ${name} was moved or lost its address`)
      }
      known = new Map([...held].filter(([name]) => present.has(name)))
    }
    const last = new Daemon([METALLB, 'controller', '--manifests', directory])
    await last.ready
    assert.equal(await last.stop(), 0, last.output)
    const held = holdings(directory)
    assertSound(held, 'at the end')
    assert.equal(held.size, Math.min(present.size, ADDRESSES), 'every Service that there is room for has an address')
    assert.deepEqual(
      [...held.keys()].filter((name) => !present.has(name)),
      [],
      'nothing is held for what is gone',
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})
