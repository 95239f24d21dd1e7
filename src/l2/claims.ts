// SPDX-License-Identifier: Apache-2.0
/** An address this node answers for, and where. */
export type Claim = Readonly<{ ip: string; interfaces: 'all' | readonly string[] }>
