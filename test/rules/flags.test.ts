// SPDX-License-Identifier: Apache-2.0
/** docs/flags.md lists exactly the flags and variables that there are, and says of each what the code says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAN, WAN } from '../../src/gossip/config.ts'
import { CONTROLLER_FLAGS, IDLE_VARIABLES, SPEAKER_FLAGS } from '../../src/programs/flags/daemon-flags.ts'
import type { Flag } from '../../src/programs/flags/flag.ts'
import { parseRingFile } from '../../src/programs/speaker/ring-config-file.ts'
import { RING_VARIABLES, ringDurationText } from '../../src/programs/speaker/ring-config-variables.ts'
import { read } from './tree.ts'

const PAGE = read('docs/flags.md')
const ROW = /^\| `--([\w-]+)` \| (\w+) \| (?:`([^`]*)` )?\| (?:`(\w+)` )?\| (.+) \|$/gm
const VARIABLE = /^\| `([A-Z_]+)` \| both \| (.+) \|$/gm

const IDLE = 'no effect: '
const rows = [...PAGE.matchAll(ROW)].map(([, name = '', of = '', initial = '', variable = '', meaning = '']) => ({
  shown: shown({ name, initial, variable, idle: meaning.startsWith(IDLE) ? meaning.slice(IDLE.length) : '' }),
  of,
}))

type Facts = Readonly<{ name: string; initial: string; variable: string; idle: string }>

function shown({ name, initial, variable, idle }: Facts): string {
  return `--${name}, default '${initial}', variable '${variable}', ${idle === '' ? 'has an effect' : idle}`
}

function expected([name, { initial, env = '', idle = '', ...flag }]: readonly [string, Flag<unknown>]): string {
  const text = flag.shown ?? (typeof initial === 'string' ? initial : JSON.stringify(initial))
  return shown({ name, initial: text === 'null' || text === '[]' ? '' : text, variable: env, idle })
}

const DAEMONS: readonly (readonly [string, Readonly<Record<string, Flag<unknown>>>])[] = [
  ['controller', CONTROLLER_FLAGS],
  ['speaker', SPEAKER_FLAGS],
]
for (const [daemon, flags] of DAEMONS) {
  test(`docs/flags.md lists the flags of the ${daemon}, each with its default and variable`, () => {
    const listed = rows.filter(({ of }) => of === daemon || of === 'both')
    assert.deepEqual(listed.map((row) => row.shown).toSorted(), Object.entries(flags).map(expected).toSorted())
  })
}

test('every line of the table is one that was compared', () => {
  assert.equal(rows.length, [...PAGE.matchAll(/^\| `-/gm)].length)
})

test('docs/flags.md lists the variables that have no flag', () => {
  const listed = [...PAGE.matchAll(VARIABLE)].map(([, name = '', meaning = '']) => `${name}: ${meaning}`)
  const known = Object.entries(IDLE_VARIABLES).map(([name, reason]) => `${name}: ${IDLE}${reason}`)
  assert.deepEqual(listed.toSorted(), known.toSorted())
})

function ringRow(variable: (typeof RING_VARIABLES)[number]): string {
  const [lan, wan] = [LAN, WAN].map(({ [variable.field]: value }) =>
    variable.knob === 'count' ? String(value) : ringDurationText(value),
  )
  return `${variable.name} LAN \`${lan}\`, WAN \`${wan}\`${variable.knob === 'time or off' ? ', `0` is off' : ''}`
}

test('docs/flags.md lists the variables of the member list, with what they are by default', () => {
  const listed = [...PAGE.matchAll(/^\| `(\w+)` \| speaker \| .+; (LAN .+) \|$/gm)]
  assert.deepEqual(
    listed.map(([, name, defaults]) => `${name} ${defaults}`),
    RING_VARIABLES.map(ringRow),
  )
  assert.equal(listed.length, [...PAGE.matchAll(/^\| `MEMBERLIST_/gm)].length)
})

test('the file of the member list in docs/flags.md is the LAN preset, whole, and what follows makes it the WAN preset', () => {
  const [, text = '', after = ''] = /^```json\n([\s\S]*?)^```\n([\s\S]*)/m.exec(PAGE) ?? []
  assert.deepEqual(parseRingFile(text), { ok: true, gossip: LAN, warnings: [] })
  const others = [...after.matchAll(/`(\w+)`\s(?:(\d+)(?![\dms])|(\d+m?s))/g)].map(([, name = '', count, time]) => {
    return [name, time ?? Number(count)] as const
  })
  const file: object = { ...JSON.parse(text), ...Object.fromEntries(others) }
  assert.deepEqual(parseRingFile(JSON.stringify(file)), { ok: true, gossip: WAN, warnings: [] })
})
