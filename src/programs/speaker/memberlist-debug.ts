// SPDX-License-Identifier: Apache-2.0
/** `speaker --memberlist-debug`: what the speaker that runs on this machine knows of members and leaders, for people. */
import { Fault } from '../../lib/fault.ts'
import { compareIp, parseIp } from '../../lib/ip.ts'
import { fieldAt, isRecord, listAt, textAt } from '../../lib/unchecked.ts'
import { askLocal } from '../listeners/ask-local.ts'
import { type Row, section } from '../text-table.ts'

/** The document `members` of a speaker. */
export type MembersDocument = Readonly<{
  /** Whether there is a member list. Without it `members` are the Nodes, in state `-`. */
  ring: boolean
  /** How it is set up, in words (ringSettings); null without it. */
  settings: Readonly<Record<string, string | number>> | null
  members: readonly MemberRow[] | Generator<MemberRow>
  leaders: readonly LeaderRow[] | Generator<LeaderRow>
}>

export type MemberRow = Readonly<{
  name: string
  address: string
  port: number
  state: string
  incarnation: number
  /** `metallb-ts` and its version, or `memberlist`: another program, such as MetalLB's speaker. */
  speaker: string
  /** Of our watch on it; '' where there is none to be. */
  watch: 'up' | 'down' | 'off' | ''
}>

/** Null: no node answers for the address. */
export type LeaderRow = Readonly<{ ip: string; service: string; leader: string | null }>

/** Asks and prints. Throws Fault `noDaemon` where no speaker answers, and `refused` where its answer is of no use. */
export async function printMembers(
  daemon: Readonly<{ program: string; runDirectory: string }>,
  write: (text: string) => void = toStdout,
): Promise<void> {
  const text = await askLocal(daemon, 'members')
  write(membersText(parsed(text)))
}

/** A reader that closes our output early (`| head`) is no error. */
function toStdout(text: string): void {
  process.stdout.on('error', () => process.exit())
  process.stdout.write(text)
}

function parsed(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text)
    return document
  } catch (error) {
    throw new Fault({ code: 'refused' }, 'what the speaker answers is no JSON', error)
  }
}

/** The tables of a document. It may come from a speaker of another version: what is not there is left empty. */
export function membersText(document: unknown): string {
  const members = listAt(document, 'members').map(memberRow)
  const leaders = listAt(document, 'leaders').toSorted(byAddress).map(leaderRow)
  return [
    headOf(document),
    section('MEMBERS', ['NAME', 'ADDRESS', 'STATE', 'INCARNATION', 'WATCH', 'SPEAKER'], members.toSorted(byFirst)),
    section('LEADERS', ['ADDRESS', 'SERVICE', 'LEADER'], leaders),
  ].join('')
}

function headOf(document: unknown): string {
  if (fieldAt(document, 'ring') !== true) return 'There is no member list: all nodes are assumed to run a speaker.\n\n'
  const settings = fieldAt(document, 'settings')
  if (!isRecord(settings)) return ''
  return section(
    'SETTINGS',
    ['NAME', 'VALUE'],
    Object.entries(settings).map(([name, value]) => [name, String(value)]),
  )
}

/** A text alone is a Node, as speakers without member list told it once. */
function memberRow(member: unknown): Row {
  if (typeof member === 'string') return [member, '', '-', '', '', '']
  const [address, port] = [textAt(member, 'address'), numberAt(member, 'port')]
  const shown = address.includes(':') && port !== '' ? `[${address}]` : address
  const place = [shown, port].filter((part) => part !== '').join(':')
  const words = ['watch', 'speaker'].map((field) => textAt(member, field))
  return [textAt(member, 'name'), place, textAt(member, 'state'), numberAt(member, 'incarnation'), ...words]
}

function leaderRow(one: unknown): Row {
  return [textAt(one, 'ip'), textAt(one, 'service'), textAt(one, 'leader') || 'nobody']
}

/** '' also for 0, which is what stands where there is nothing to say. */
function numberAt(value: unknown, field: string): string {
  const found = fieldAt(value, field)
  return typeof found === 'number' && found !== 0 ? String(found) : ''
}

function byFirst([a = '']: Row, [b = '']: Row): number {
  return a < b ? -1 : 1
}

function byAddress(a: unknown, b: unknown): number {
  const [first, second] = [parseIp(textAt(a, 'ip')), parseIp(textAt(b, 'ip'))]
  if (!first || !second) return first ? -1 : 1
  return compareIp(first, second) || (textAt(a, 'service') < textAt(b, 'service') ? -1 : 1)
}
