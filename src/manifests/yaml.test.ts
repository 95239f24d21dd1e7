// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readYaml } from './yaml.ts'

// What kubectl makes of a plain scalar: YAML 1.1 for booleans and octal numbers, YAML 1.2 for the rest.
const SCALARS: readonly (readonly [string, unknown])[] = [
  ['64500:50', '64500:50'],
  ['12:30:45', '12:30:45'],
  ['0755', 0o755],
  ['0400', 0o400],
  ['0o17', 0o17],
  ['0x1F', 31],
  ['-0b101', -5],
  ['089', 89],
  ['1_000', 1000],
  ['+7', 7],
  ['0', 0],
  ['1e3', 1000],
  ['-.5', -0.5],
  ['90s', '90s'],
  ['"90s"', '90s'],
  ['"80"', '80'],
  ["'yes'", 'yes'],
  ['yes', true],
  ['Off', false],
  ['y', true],
  ['N', false],
  ['yEs', 'yEs'],
  ['~', null],
  ['Null', null],
  ['', null],
  ['.inf', '.inf'],
  ['2001-01-01', '2001-01-01'],
  ['192.168.1.0/24', '192.168.1.0/24'],
  ['fc00::1', 'fc00::1'],
  ['1.2.3', '1.2.3'],
  ['--1', '--1'],
  ['!!str 12', '12'],
  ['!!int 12', 12],
  ['!custom 12', '12'],
  ['[a, 1]', ['a', 1]],
  ['{a: 1}', { a: 1 }],
  ['|\n  two\n  lines\n', 'two\nlines\n'],
  ['>-\n  one\n  line\n', 'one line'],
]
for (const [text, value] of SCALARS) {
  test(`a value written as ${JSON.stringify(text)} is ${JSON.stringify(value)}`, () => {
    const { values, flaws } = readYaml(`value: ${text}`)
    assert.deepEqual({ values, flaws }, { values: [{ value: { value }, document: 0 }], flaws: [] })
  })
}

const DOCUMENTS: readonly (readonly [string, string, unknown[]])[] = [
  ['nothing', '', []],
  ['only a comment', '# a\n', []],
  ['documents divided by three points', 'a: 1\n...\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['an anchor and its alias', 'a: &x [1]\nb: *x', [{ a: [1], b: [1] }]],
  ['an anchor that is set again', 'a: &x 1\nb: &x 2\nc: *x', [{ a: 1, b: 2, c: 2 }]],
  ['a merge; own keys count more', 'a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}', [{ a: { p: 1, q: 2 }, b: { q: 3, p: 1 } }]],
  ['a quoted merge key is a key', '"<<": 1', [{ '<<': 1 }]],
  ['keys that are no text', '1: a\ntrue: b\n0x10: c', [{ 1: 'a', true: 'b', 16: 'c' }]],
  ['lines ended as on Windows', 'a: 1\r\nb:\r\n- c\r\n', [{ a: 1, b: ['c'] }]],
  ['a closing bracket at the margin', 'a: [\n  b\n]\n', [{ a: ['b'] }]],
]
for (const [name, text, expected] of DOCUMENTS) {
  test(name, () => {
    const { values, flaws } = readYaml(text)
    assert.deepEqual([values.map(({ value }) => value), flaws], [expected, []])
  })
}

const deep = (open: string, levels: number): string => open.repeat(levels)
const laughs = ['l0: &l0 [x, x, x, x, x, x, x, x, x]']
for (let level = 1; level < 12; level++) {
  const aliases = Array.from({ length: 9 }, () => `*l${level - 1}`)
  laughs.push(`l${level}: &l${level} [${aliases.join(', ')}]`)
}
const ladder = ['a0: &a0 [x]', ...Array.from({ length: 150 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`)]

const FLAWS: readonly (readonly [name: string, text: string, code: string, offset: number, message: RegExp])[] = [
  ['a tab that indents', 'a:\n\tb: 1', 'notYaml', 3, /^a tab indents this line; YAML is indented with spaces$/],
  ['a bracket that stays open', 'a: [1, 2', 'notYaml', 8, /^not valid YAML: flow sequence .* end with a \]/],
  ['a quote that stays open', 'a: "x', 'notYaml', 5, /closing "quote/],
  ['two colons on a line', 'a: b: c', 'notYaml', 3, /^not valid YAML: nested mappings/],
  ['an alias without anchor', 'a: *x', 'notYaml', 3, /no anchor x above/],
  ['an alias to what holds it', 'a: &x [*x]', 'notYaml', 7, /contains itself through the alias x/],
  ['a list as key', '? [a]\n: b', 'notYaml', 2, /this key is no text/],
  ['aliases that explode', laughs.join('\n'), 'tooManyAliases', 207, /copy more than 10000 values/],
  ['aliases that nest', ladder.join('\n'), 'tooDeep', 1661, /more than 100 levels/],
  ['1,000 levels of block lists', deep('- ', 1000), 'tooDeep', 203, /more than 100 levels/],
  ['1,000 levels of brackets', deep('[', 1000), 'tooDeep', 102, /more than 100 levels/],
  ['1,000 levels of braces', deep('{a: ', 1000), 'tooDeep', 405, /more than 100 levels/],
  ['1,000 levels of explicit keys', deep('? ', 1000), 'tooDeep', 203, /more than 100 levels/],
  ['two million short comments', '#..\n'.repeat(1_000_001), 'tooLarge', 4_000_003, /too large to be read as YAML/],
  [
    '100,000 tokens more than 0.65 a character',
    `[${'a,'.repeat(100_000)}`,
    'tooLarge',
    153_330,
    /more small pieces of YAML/,
  ],
]
for (const [name, text, code, offset, message] of FLAWS) {
  test(`${name}: ${code}`, () => {
    const { values, flaws } = readYaml(text)
    assert.deepEqual(values, [])
    assert.deepEqual({ ...flaws[0], message: '' }, { severity: 'error', code, offset, message: '' })
    assert.match(flaws[0]?.message ?? '', message)
  })
}

test('__proto__ is a key like any other', () => {
  const [first] = readYaml('__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}').values
  assert.deepEqual(Object.keys(Object(first?.value)), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(first?.value), Object.prototype)
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
})

const twice = 'kind: A\nspec: {x: 1}\nkind: B\nspec: {z: 2, z: 3}\n'
test('of equal keys the last value counts, and a missing --- is suspected at the top only', () => {
  const { values, flaws } = readYaml(twice)
  assert.deepEqual(values[0]?.value, { kind: 'B', spec: { z: 3 } })
  assert.deepEqual(
    flaws.map(({ severity, code, offset, message }) => [severity, code, offset, message]),
    [
      [
        'warning',
        'duplicateKey',
        twice.lastIndexOf('z'),
        'the key z stands here again, and the last value of a key counts; remove one',
      ],
      [
        'warning',
        'duplicateKey',
        twice.lastIndexOf('kind'),
        'the keys kind, spec stand here again, and the last value of a key counts; is `---` missing?',
      ],
    ],
  )
})

test('100,000 keys, all equal, are one warning, found in linear time', () => {
  const start = performance.now()
  const { flaws } = readYaml('key: value\n'.repeat(100_000))
  assert.equal(flaws.length, 1)
  assert(performance.now() - start < 20_000)
})

test('a list of 100,000 entries is read', () => {
  const [first] = readYaml(`list:\n${'- 192.0.2.1\n'.repeat(100_000)}`).values
  assert.deepEqual(first?.value, { list: Array.from({ length: 100_000 }, () => '192.0.2.1') })
})
