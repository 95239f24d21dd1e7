// SPDX-License-Identifier: Apache-2.0
/** UPDATEs filled to the limit: routes of one next hop and one set of attributes, or withdrawals of one family. */
import type { Attributes, Dialect, Reach, Unreach } from './message.ts'

/** As few whole UPDATEs (header included) as these prefixes take, one by one as they are asked for. */
export function* reachUpdates(_reach: Reach, _attributes: Attributes, _dialect: Dialect): Generator<Uint8Array> {
  yield* []
  throw new Error('not yet written')
}

/** As few whole UPDATEs as withdraw these prefixes. */
export function* unreachUpdates(_unreach: Unreach, _dialect: Dialect): Generator<Uint8Array> {
  yield* []
  throw new Error('not yet written')
}
