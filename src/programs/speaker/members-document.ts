// SPDX-License-Identifier: Apache-2.0
/** Who is in the ring, as this speaker knows it, and who leads each address; read by people and by --memberlist-debug. */
import type { MemberRow, MembersDocument } from './memberlist-debug.ts'
import type { Ring } from './ring.ts'
import { type RingConfig, ringSettings } from './ring-config.ts'
import { decodeMetadata } from './ring-metadata.ts'
import type { SpeakerView } from './speaker.ts'

/** `ring` null: every Node counts as a live speaker. */
export function membersDocument(
  view: Pick<SpeakerView, 'members' | 'leaders' | 'node'>,
  membership: Readonly<{ ring: Ring; config: RingConfig }> | null,
): MembersDocument {
  const leaders = [...view.leaders()]
  if (!membership) {
    const nothing = { address: '', port: 0, state: '-', incarnation: 0, speaker: '', watch: '' } as const
    const members = [...view.members()].toSorted().map((name) => ({ name, ...nothing }))
    return { ring: false, settings: null, members, leaders }
  }
  const { ring, config } = membership
  const members = ring.members().map((member): MemberRow => {
    const { name, address, port, state, incarnation } = member
    const metadata = decodeMetadata(member.meta)
    const speaker = metadata ? `metallb-ts ${metadata.version}` : 'memberlist'
    const watch = name === view.node || !metadata ? '' : watchWord(ring.watchOf(name))
    return { name, address, port, state, incarnation, speaker, watch }
  })
  const byName = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { ring: true, settings: ringSettings(config), members: byName, leaders }
}

/** From RFC 5880's states. */
function watchWord(state: string | null): MemberRow['watch'] {
  if (state === null) return 'off'
  return state === 'Up' ? 'up' : 'down'
}
