// SPDX-License-Identifier: Apache-2.0
/** What each format makes of the same findings, written whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../../lib/problem.ts'
import { VERSION } from '../../../lib/version.ts'
import { formatGithub } from './format-github.ts'
import { formatJson } from './format-json.ts'
import { formatSarif } from './format-sarif.ts'
import { formatText } from './format-text.ts'
import type { Findings } from './report.ts'

const LAN = { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'lan' }
const OVERLAP: Problem = {
  severity: 'error',
  object: LAN,
  field: 'spec.addresses[0]',
  code: 'poolOverlap',
  message: '100% of it, twice',
  transient: false,
  file: 'a b/pools,1.yaml',
  line: 7,
  column: 5,
}
const SYNTAX: Problem = {
  severity: 'warning',
  object: { kind: '', namespace: '', name: '' },
  field: '',
  code: 'duplicateKey',
  message: 'the key a stands here again',
  transient: false,
  file: '-',
  line: 12,
  column: 1,
}
const FINDINGS: Findings = {
  problems: [OVERLAP, SYNTAX],
  objects: 1,
  lineOf: (file) => (file === '-' ? 'a: 1' : '  - 192.0.2.0/24'),
}
const NOTHING: Findings = { problems: [], objects: 3, lineOf: () => undefined }

test('text', () => {
  const expected = `a b/pools,1.yaml:7:5: error: IPAddressPool lan spec.addresses[0]: 100% of it, twice [poolOverlap]
  7 |   - 192.0.2.0/24
    |     ^

-:12:1: warning: the key a stands here again [duplicateKey]
  12 | a: 1
     | ^

1 error and 1 warning in 1 object
`
  assert.equal(formatText(FINDINGS), expected)
  assert.equal(formatText(NOTHING), 'no problems in 3 objects\n')
})

test('json', () => {
  const place = { file: 'a b/pools,1.yaml', line: 7, column: 5 }
  const rows = [
    { severity: 'error', ...LAN, field: OVERLAP.field, code: 'poolOverlap', message: OVERLAP.message, ...place },
    {
      severity: 'warning',
      kind: '',
      namespace: '',
      name: '',
      field: '',
      code: 'duplicateKey',
      message: SYNTAX.message,
      file: '-',
      line: 12,
      column: 1,
    },
  ]
  assert.equal(formatJson(FINDINGS), `${JSON.stringify({ problems: rows, errors: 1, warnings: 1 }, null, 2)}\n`)
  assert.deepEqual(JSON.parse(formatJson(NOTHING)), { problems: [], errors: 0, warnings: 0 })
})

test('github: what divides properties and lines is escaped', () => {
  assert.equal(
    formatGithub(FINDINGS),
    '::error file=a b/pools%2C1.yaml,line=7,col=5,title=poolOverlap::IPAddressPool lan spec.addresses[0]: 100%25 of it, twice\n' +
      '::warning file=-,line=12,col=1,title=duplicateKey::the key a stands here again\n',
  )
  assert.equal(formatGithub(NOTHING), '')
})

const rule = (id: string, text: string) => {
  return { id, shortDescription: { text }, help: { text: `Explained in docs/errors.md under ${id}.` } }
}
const at = (uri: string, startLine: number, startColumn: number) => [
  { physicalLocation: { artifactLocation: { uri }, region: { startLine, startColumn } } },
]

test('sarif', () => {
  const rules = [rule('duplicateKey', 'duplicate key'), rule('poolOverlap', 'pool overlap')]
  const text = 'IPAddressPool lan spec.addresses[0]: 100% of it, twice'
  const results = [
    {
      ruleId: 'poolOverlap',
      ruleIndex: 1,
      level: 'error',
      message: { text },
      locations: at('a%20b/pools%2C1.yaml', 7, 5),
    },
    {
      ruleId: 'duplicateKey',
      ruleIndex: 0,
      level: 'warning',
      message: { text: SYNTAX.message },
      locations: at('stdin', 12, 1),
    },
  ]
  const driver = { name: 'metallb', semanticVersion: VERSION, rules }
  assert.deepEqual(JSON.parse(formatSarif(FINDINGS)), {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  })
  assert.deepEqual(JSON.parse(formatSarif(NOTHING)).runs[0].results, [])
})

/** What SARIF 2.1.0 requires of each object that we write, and what it says of their values. */
const SARIF_LAWS: readonly (readonly [string, (run: SarifRun) => boolean])[] = [
  ['§3.14.6: a run has a tool', ({ tool }) => typeof tool.driver === 'object'],
  ['§3.19.8: a driver has a name', ({ tool }) => tool.driver.name !== ''],
  ['§3.19.12: semanticVersion is one', ({ tool }) => /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(tool.driver.semanticVersion)],
  ['§3.49.3: each rule has an id', ({ tool }) => tool.driver.rules.every(({ id }) => id !== '')],
  [
    '§3.19.23: rules are distinct',
    ({ tool: { driver } }) => new Set(driver.rules.map(({ id }) => id)).size === driver.rules.length,
  ],
  [
    '§3.27.11: each result has a message with text',
    ({ results }) => results.every(({ message }) => message.text !== ''),
  ],
  [
    '§3.27.6: ruleIndex leads to the rule of ruleId',
    ({ results, tool }) => results.every(({ ruleId, ruleIndex }) => tool.driver.rules[ruleIndex]?.id === ruleId),
  ],
  [
    '§3.27.10: level is one of four',
    ({ results }) => results.every(({ level }) => ['none', 'note', 'warning', 'error'].includes(level)),
  ],
  [
    '§3.14.17: columnKind is one of two',
    ({ columnKind }) => ['utf16CodeUnits', 'unicodeCodePoints'].includes(columnKind),
  ],
  [
    '§3.4.3: uri is a reference of RFC 3986',
    (run) =>
      placesOf(run).every(({ artifactLocation: { uri } }) => URL.canParse(uri, 'file:///') && !/[ \\]/.test(uri)),
  ],
  [
    '§3.30.5, §3.30.6: lines and columns count from 1',
    (run) => placesOf(run).every(({ region }) => !region || (region.startLine >= 1 && region.startColumn >= 1)),
  ],
]
type Physical = { artifactLocation: { uri: string }; region?: { startLine: number; startColumn: number } }
type SarifResult = {
  ruleId: string
  ruleIndex: number
  level: string
  message: { text: string }
  locations: { physicalLocation: Physical }[]
}
type SarifRun = {
  tool: { driver: { name: string; semanticVersion: string; rules: { id: string }[] } }
  columnKind: string
  results: SarifResult[]
}

function placesOf({ results }: SarifRun): Physical[] {
  return results.flatMap(({ locations }) => locations.map(({ physicalLocation }) => physicalLocation))
}

const { file: _file, line: _line, column: _column, ...UNPLACED } = OVERLAP
const WHOLE_FILE: Problem = { ...UNPLACED, file: 'a.yaml' }
const SARIF_LOGS: Record<string, Findings> = {
  'with problems': { ...FINDINGS, problems: [OVERLAP, SYNTAX, OVERLAP, UNPLACED, WHOLE_FILE] },
  'with an absolute path': { ...FINDINGS, problems: [{ ...OVERLAP, file: '/a b/x%.yaml' }] },
  'without problems': NOTHING,
}
for (const [name, findings] of Object.entries(SARIF_LOGS)) {
  for (const [law, holds] of SARIF_LAWS) {
    test(`sarif ${name}: ${law}`, () => {
      const { version, runs }: { version: string; runs: SarifRun[] } = JSON.parse(formatSarif(findings))
      assert.equal(version, '2.1.0')
      assert.equal(runs.length, 1)
      assert.ok(runs.every(holds))
    })
  }
}

test('sarif names a file by its URI where the path is absolute', () => {
  const text = formatSarif({ ...FINDINGS, problems: [{ ...OVERLAP, file: '/a b/x.yaml' }] })
  assert.match(text, /"uri": "file:\/\/\/a%20b\/x\.yaml"/)
})

const LINES: readonly (readonly [string, string, number, string])[] = [
  ['a tab keeps the mark in its place', 'a:\tb', 4, '  7 | a: b\n    |    ^\n'],
  ['a line of 100 is shown whole', 'x'.repeat(100), 100, `  7 | ${'x'.repeat(100)}\n    | ${' '.repeat(99)}^\n`],
  [
    'of a longer line what is around the place',
    `${'x'.repeat(500)}y${'z'.repeat(500)}`,
    501,
    `  7 | …${'x'.repeat(40)}y${'z'.repeat(59)}…\n    | ${' '.repeat(41)}^\n`,
  ],
  ['a password is masked', '  password: "s3cr3t, x"', 3, `  7 |   password: ${'*'.repeat(11)}\n    |   ^\n`],
  ['the same in JSON', '{"password":"s3cr3t"}', 2, `  7 | {"password":${'*'.repeat(9)}\n    |  ^\n`],
  ['the name of a Secret is none', '  passwordSecret: {name: x}', 3, '  7 |   passwordSecret: {name: x}\n    |   ^\n'],
  ['nothing that a terminal acts on', 'a: \u009b31m\u202e', 1, '  7 | a: \ufffd31m\ufffd\n    | ^\n'],
]
for (const [name, line, column, expected] of LINES) {
  test(`text: ${name}`, () => {
    const text = formatText({ problems: [{ ...OVERLAP, column }], objects: 1, lineOf: () => line })
    assert.equal(text.slice(text.indexOf('\n') + 1, text.indexOf('\n\n') + 1), expected)
  })
}

test('text: no line of a Secret is shown', () => {
  const object = { kind: 'Secret', namespace: 'metallb-system', name: 'bgp' }
  const text = formatText({ problems: [{ ...OVERLAP, object }], objects: 1, lineOf: () => 'data: {key: s3cr3t}' })
  assert.doesNotMatch(text, /s3cr3t/)
})
