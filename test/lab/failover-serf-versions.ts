// SPDX-License-Identifier: Apache-2.0
/**
 * Loaded before a speaker that is to meet serf (`node --import`). MetalLB's members, and ours, announce version 0 of the
 * part above memberlist; serf announces 2 to 5, and memberlist takes nobody who lacks the versions of the others. So
 * here, and nowhere else, a speaker announces serf's.
 */
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'

const OURS = 'Uint8Array.of(1, 5, 2, 0, 0, 0)'
const THEIRS = 'Uint8Array.of(1, 5, 2, 2, 5, 4)'

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/src/gossip/member.ts')) return loaded
    assert(loaded.source, 'the source is read before it is run')
    const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
    assert(text.includes(OURS), 'member.ts no longer says its versions in these words')
    return { ...loaded, source: text.replace(OURS, THEIRS) }
  },
})
