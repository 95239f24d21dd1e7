// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamePattern } from './name-pattern.ts'

const finds = (source: string, name: string): boolean => {
  const parsed = parseNamePattern(source)
  assert.ok(parsed.ok, `${source}: ${parsed.ok ? '' : parsed.flaw}`)
  return name.search(parsed.pattern) >= 0
}

/** Pattern, names that it finds, names that it does not. */
const ROWS: [string, readonly string[], readonly string[]][] = [
  ['^docker.*', ['docker0', 'docker'], ['mydocker0', 'Docker0']],
  ['^lo$', ['lo'], ['lo1', 'slo', '']],
  ['lxc', ['lxcbr0', 'my-lxc'], ['lx', 'LXC']],
  ['^cali.*|^tunl.*', ['cali12', 'tunl0'], ['eth0']],
  ['', ['eth0', ''], []],
  ['eth[0-3]', ['eth0', 'eth3x'], ['eth4', 'eth']],
  ['^eth[^0-3]$', ['eth4', 'ethx'], ['eth0', 'eth']],
  ['^[[:alpha:]]+[[:digit:]]{2,3}$', ['eth12', 'eth123'], ['eth1', 'eth1234', '12']],
  ['^[[:^digit:]_-]+$', ['a_b-c'], ['a1']],
  ['^en\\w+\\d$', ['enp3s0'], ['en0', 'enp3s']],
  ['^a\\.b$', ['a.b'], ['axb']],
  ['^(?i)ETH0$', ['eth0', 'EtH0'], ['eth1']],
  ['^(?i:eth)X$', ['ETHX', 'ethX'], ['ethx']],
  ['^a(?i)b|c$', ['aB', 'xC'], ['Ab']],
  ['^(?P<kind>eth|ens)(?:\\d+)$', ['eth0', 'ens192'], ['enp3']],
  ['^(foo[0-9]+)+$', ['foo1', 'foo1foo22'], ['foo', 'foo1foo']],
  ['^a{0}b{2}c{1,}d{0,1}$', ['bbc', 'bbccd'], ['abbc', 'bbcdd', 'bc']],
  ['^a{,2}$', ['a{,2}'], ['aa']],
  ['^a*?b+?c??$', ['b', 'aabbc'], ['ac']],
  ['^[]x]+$', [']x]'], ['y']],
  ['^[a-]$', ['a', '-'], ['b']],
  ['^[\\w.-]+$', ['a.b-c'], ['a:b']],
  ['\\Aeth\\b', ['eth-1', 'eth'], ['eth1']],
  ['^\\x65th\\x{30}$', ['eth0'], ['eth1']],
  ['^$', [''], ['a']],
  ['()*a', ['a'], ['b']],
]
for (const [source, found, passed] of ROWS) {
  test(`/${source}/`, () => {
    assert.deepEqual(
      [found.filter((name) => !finds(source, name)), passed.filter((name) => finds(source, name))],
      [[], []],
    )
  })
}

const BAD: [string, RegExp][] = [
  ['(', /a \( without its \)/],
  ['a)', /a \) without its \(, at character 2/],
  ['[a', /a \[ without its \]/],
  ['*a', /nothing in front of \* to repeat/],
  ['a**', /a repetition of a repetition/],
  ['a{2}{3}', /a repetition of a repetition/],
  ['a{1001}', /no count that Go allows/],
  ['a{3,2}', /no count that Go allows/],
  ['[z-a]', /a range that ends before it begins/],
  ['(?=a)', /a group of a sort that Go does not have/],
  ['(?<!a)', /a group of a sort that Go does not have/],
  ['(a)\\1', /\\1 means nothing here/],
  ['\\', /ends too early/],
  ['[[:nonsense:]]', /no class \[:nonsense:\]/],
  ['a'.repeat(1001), /more than 1000 characters/],
  ['('.repeat(400), /more than 100 groups/],
]
for (const [source, expected] of BAD) {
  test(`/${source.slice(0, 20)}/ is refused`, () => {
    const parsed = parseNamePattern(source)
    assert.match(parsed.ok ? 'accepted' : parsed.flaw, expected)
  })
}

/** What both engines read the same: compared on all names over three letters. */
const SHARED = [
  'a*b',
  '(a|b)*c',
  '(a*)*b',
  '^(ab?)+$',
  'a{2,3}',
  '(?:a|ab)(?:c|bc)$',
  '[^a]b',
  'a.c',
  '\\bab\\b',
  '(a|b|c){2}$',
  'b??c',
]
test('JavaScript’s own engine agrees where the syntax is the same', () => {
  const names = ['']
  for (let at = 0; at < names.length && names.length < 400; at++) for (const char of 'abc') names.push(names[at] + char)
  for (const source of SHARED) {
    const regexp = new RegExp(source)
    for (const name of names) assert.equal(finds(source, name), regexp.test(name), `/${source}/ on ${name}`)
  }
})

test('no pattern takes longer than its length allows', () => {
  const name = 'a'.repeat(15)
  const hostile = [
    `${'('.repeat(40)}a*${')*'.repeat(40)}b`,
    '(a|a|a|a|a|a|a|a)*b',
    'a*'.repeat(400),
    '((a{1000}){1000}){1000}',
    '(a?){1000}'.repeat(90),
  ]
  const startedMs = performance.now()
  for (const source of hostile) finds(source, name)
  assert.ok(performance.now() - startedMs < 2000)
})
