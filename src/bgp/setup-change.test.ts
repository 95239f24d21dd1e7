// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './negotiate.ts'
import { type Dial, needsNewSession, sameDial } from './setup-change.ts'

const config: Config = {
  localAsn: 64_500,
  remoteAs: 64_501,
  routerId: 1,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4', 'ipv6'],
  extendedNextHop: false,
  gracefulRestart: { restartSeconds: 60 },
  hostname: null,
}

const CHANGES: readonly (readonly [Partial<Config>, needed: boolean])[] = [
  [{}, false],
  [{ keepaliveMs: 1000 }, false],
  [{ connectMs: 1000 }, false],
  [{ passive: true }, false],
  [{ families: ['ipv6', 'ipv4'] }, false],
  [{ gracefulRestart: { restartSeconds: 60 } }, false],
  [{ families: ['ipv4'] }, true],
  [{ localAsn: 1 }, true],
  [{ remoteAs: 'external' }, true],
  [{ routerId: 2 }, true],
  [{ holdMs: 30_000 }, true],
  [{ extendedNextHop: true }, true],
  [{ gracefulRestart: { restartSeconds: 61 } }, true],
  [{ gracefulRestart: null }, true],
  [{ hostname: 'node1' }, true],
]
for (const [fields, needed] of CHANGES) {
  test(`changed ${JSON.stringify(fields)}: ${needed ? 'a new session' : 'the same session'}`, () => {
    assert.equal(needsNewSession(config, { ...config, ...fields }), needed)
  })
}

const dial: Dial = { to: { address: '192.0.2.1', port: 179 } }
const WAYS: readonly (readonly [Partial<Dial>, same: boolean])[] = [
  [{}, true],
  [{ minTtl: 0 }, true],
  [{ to: { address: '192.0.2.2', port: 179 } }, false],
  [{ to: { address: '192.0.2.1', port: 1790 } }, false],
  [{ from: '192.0.2.9' }, false],
  [{ device: 'red' }, false],
  [{ md5: 'secret' }, false],
  [{ minTtl: 255 }, false],
]
for (const [fields, same] of WAYS) {
  test(`dialled with ${JSON.stringify(fields)}: ${same ? 'the same way' : 'another way'}`, () => {
    assert.equal(sameDial(dial, { ...dial, ...fields }), same)
  })
}
