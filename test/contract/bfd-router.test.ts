// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'
import { SimBfdReflex } from '../sim/bfd-reflex.ts'
import { SimClock } from '../sim/clock.ts'
import { SimNetwork } from '../sim/network.ts'
import { bfdRouterContract, type Far, type Stage } from './bfd-router-suite.ts'

const LONG_MS = 10_000

function simulated(at: Readonly<Record<'near' | 'far', string>>): () => Promise<Stage> {
  return async () => {
    const clock = new SimClock()
    const network = new SimNetwork(clock)
    let turn = 0
    const random = () => ((turn += 7) % 10) / 10
    const near = new SimBfdReflex({ clock, network: network.host(at.near), random })
    const far = new SimBfdReflex({ clock, network: network.host(at.far), random })
    return {
      near,
      far: waiting(far),
      at,
      nowMs: () => clock.monotonicMs(),
      pass: (ms) => clock.advance(ms),
      async until(condition) {
        const endMs = clock.monotonicMs() + LONG_MS
        while (!(await condition()) && clock.monotonicMs() < endMs) await clock.advance(5)
        return condition()
      },
      async close() {
        near.close()
        far.close()
      },
    }
  }
}

/** As if it were in another process. */
function waiting(reflex: SimBfdReflex): Far {
  const told: Awaited<ReturnType<Far['told']>>[number][] = []
  reflex.listen({ onPacket: (arrival) => told.push(arrival), onSilence: () => undefined, onPaused: () => undefined })
  return {
    openSocket: async (...args) => reflex.openSocket(...args),
    closeSocket: async (...args) => reflex.closeSocket(...args),
    openSession: async (...args) => reflex.openSession(...args),
    setSession: async (...args) => reflex.setSession(...args),
    send: async (...args) => reflex.send(...args),
    setEcho: async (...args) => reflex.setEcho(...args),
    sessionCounters: async (...args) => reflex.sessionCounters(...args),
    closeSession: async (...args) => reflex.closeSession(...args),
    told: async () => [...told],
  }
}

bfdRouterContract('simulated', simulated({ near: '192.0.2.1', far: '192.0.2.2' }))
bfdRouterContract('simulated, IPv6', simulated({ near: '2001:db8::1', far: '2001:db8::2' }))

test('sessions with routers on Linux (bfd-router-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'bfd-router-kernel.ts')))
