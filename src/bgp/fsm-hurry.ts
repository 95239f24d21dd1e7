// SPDX-License-Identifier: Apache-2.0
/** What changes when something happens, and nothing else: no connection ends by it. */
import { connectRetryMs } from './backoff.ts'
import { arm, armDial, begin, close, disarm, type Intervals, type Session, type Step } from './fsm-state.ts'
import { keepaliveMs, STALE_ROUTES_MS } from './timing.ts'

/** Whoever waits before dialling, or before letting itself be dialled, does so no more. A dial under way is left alone: the kernel repeats it every few seconds. */
export function onPeerUp(before: Session): Step {
  if (before.stale.length === 0) return hurry(before)
  const [session, actions] = hurry({ ...before, bfd: 'back' })
  const isForgiven = typeof before.bfd === 'object'
  return [session, [...(isForgiven ? [arm('stale', STALE_ROUTES_MS)] : []), ...actions]]
}

function hurry(session: Session): Step {
  const { state, enabled, config } = session
  if (state === 'Active' && !config.passive) return begin(session)
  if (state !== 'Idle' || !enabled) return [session, []]
  const [next, actions] = begin(session)
  return [next, [disarm('idleHold'), ...actions]]
}

/** Other intervals count from now on. A timer that runs begins anew only where its own time is another. */
export function onConfigure(session: Session, intervals: Intervals): Step {
  const config = { ...session.config, ...intervals }
  const next: Session = { ...session, config }
  if (session.negotiated !== null) return withKeepalive(next)
  if (config.passive !== session.config.passive) return onPassive(next)
  if (config.connectMs === session.config.connectMs) return [next, []]
  if (session.state === 'Connect') return [next, [armDial(next)]]
  if (session.state !== 'Active' || config.passive) return [next, []]
  return [next, [arm('connectRetry', connectRetryMs(session.attempts, config.connectMs))]]
}

/** Who dials from now on does so at once; a dial under way ends where no more is to be dialled. */
function onPassive(session: Session): Step {
  const { state, config, dialling } = session
  if (state === 'Active') return config.passive ? [session, [disarm('connectRetry')]] : begin(session)
  if (state !== 'Connect' || dialling === null) return [session, []]
  return [{ ...session, state: 'Active', dialling: null }, [close(dialling), disarm('connectRetry')]]
}

function withKeepalive(session: Session): Step {
  const { negotiated, config } = session
  if (negotiated === null) return [session, []]
  const ms = keepaliveMs(negotiated.holdMs, config.keepaliveMs)
  if (ms === negotiated.keepaliveMs) return [session, []]
  return [{ ...session, negotiated: { ...negotiated, keepaliveMs: ms } }, [arm('keepalive', ms)]]
}
