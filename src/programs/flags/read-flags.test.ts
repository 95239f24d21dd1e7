// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTROLLER_FLAGS, SPEAKER_FLAGS } from './daemon-flags.ts'
import { duration, integer, listeningPlace, listeningPort, optionalToggle, text, toggle, wordList } from './flag.ts'
import { helpOf, readFlags } from './read-flags.ts'

const FLAGS = {
  name: text({ help: 'a name', initial: 'nobody', env: 'NAME' }),
  count: integer({ help: 'how many', initial: 3, least: 1, most: 9, env: 'COUNT' }),
  loud: toggle({ help: 'say it loudly', initial: false, env: 'LOUD' }),
  secure: optionalToggle({ help: 'by HTTPS' }),
  classes: wordList({ help: 'classes', initial: [] }),
  old: text({ help: 'of old', initial: '', env: 'OLD', idle: 'nothing needs it' }),
  pause: duration({ help: 'how long', initial: '1.5s', least: '10ms', most: '1m', env: 'PAUSE' }),
  door: listeningPort({ help: 'where', initial: 80 }),
}
const DEFAULTS = { name: 'nobody', count: 3, loud: false, secure: null, classes: [], old: '', pause: 1500, door: 80 }

type Row = [string, readonly string[], Readonly<Record<string, string>>, object, readonly string[]]
const READ: readonly Row[] = [
  ['nothing', [], {}, {}, []],
  ['two dashes and =', ['--name=x'], {}, { name: 'x' }, []],
  ['one dash and =', ['-name=x'], {}, { name: 'x' }, []],
  ['the value as the next argument', ['--name', 'x', '-count', '7'], {}, { name: 'x', count: 7 }, []],
  ['an empty value', ['--name='], {}, { name: '' }, []],
  ['a value with = and a new line', ['--name=a=b\nc'], {}, { name: 'a=b\nc' }, []],
  ['a switch alone', ['--loud', '--name=x'], {}, { loud: true, name: 'x' }, []],
  ['a switch said to be false', ['--loud=false'], { LOUD: 'true' }, { loud: false }, []],
  ['Go’s words for true', ['--secure=T'], {}, { secure: true }, []],
  ['words with spaces and holes', ['--classes= a, ,b'], {}, { classes: ['a', 'b'] }, []],
  ['the last of two counts', ['--name=x', '--name=y'], {}, { name: 'y' }, []],
  ['a variable', [], { NAME: 'x', COUNT: '9' }, { name: 'x', count: 9 }, []],
  ['a flag before its variable', ['--name=x'], { NAME: 'y' }, { name: 'x' }, []],
  ['an empty variable is none', [], { COUNT: '' }, {}, []],
  [
    'a variable that cannot be read',
    [],
    { COUNT: 'ten' },
    {},
    ['COUNT is "ten", which is not a whole number from 1 to 9; using 3'],
  ],
  ['a duration', ['--pause=0.02s'], {}, { pause: 20 }, []],
  ['a duration of nothing', ['--pause=0'], {}, { pause: 0 }, []],
  ['bounds belong to it', ['--pause=10ms'], { PAUSE: '1m' }, { pause: 10 }, []],
  [
    'a variable that is no duration',
    [],
    { PAUSE: '100' },
    {},
    ['PAUSE is "100", which is not 0 or a duration from 10ms to 1m, such as 1.5s; using 1.5s'],
  ],
  ['an idle flag', ['--old=x'], {}, { old: 'x' }, ['--old is accepted and has no effect: nothing needs it']],
  ['an idle variable', [], { OLD: 'x' }, { old: 'x' }, ['OLD is accepted and has no effect: nothing needs it']],
]
for (const [name, argv, env, expected, warnings] of READ) {
  test(`flags: ${name}`, () => {
    assert.deepEqual(readFlags(FLAGS, argv, env), { kind: 'values', values: { ...DEFAULTS, ...expected }, warnings })
  })
}

const REFUSED: readonly [string, readonly string[], RegExp][] = [
  ['a flag that there is not', ['--nane=x'], /^there is no flag --nane; did you mean --name\?$/],
  ['a word', ['name'], /^"name" is no flag/],
  ['a lone dash', ['-'], /^"-" is no flag/],
  ['two dashes alone', ['--', '--name=x'], /^"--" is no flag/],
  ['three dashes', ['---name=x'], /is no flag/],
  ['a name of Object.prototype', ['--constructor=x'], /^there is no flag --constructor/],
  ['no value', ['--name'], /^--name needs a value: a text$/],
  ['a number out of range', ['--count=10'], /^--count is "10", which is not a whole number from 1 to 9$/],
  ['a number with a fraction', ['--count=1.5'], /which is not a whole number/],
  ['a duration without unit', ['--pause=100'], /^--pause is "100", which is not 0 or a duration from 10ms to 1m/],
  ['a duration that is too short', ['--pause=9ms'], /which is not 0 or a duration/],
  ['a duration that is too long', ['--pause=61s'], /which is not 0 or a duration/],
  ['less than nothing', ['--pause=-1s'], /which is not 0 or a duration/],
  ['no port to listen on', ['--door=0'], /^--door is "0", which is not a whole number from 1 to 65535$/],
  ['no boolean', ['--loud=yes'], /^--loud is "yes", which is not true or false$/],
]
for (const [name, argv, message] of REFUSED) {
  test(`flags refuse ${name}`, () => {
    const reading = readFlags(FLAGS, argv, {})
    assert.equal(reading.kind, 'unusable')
    if (reading.kind === 'unusable') assert.match(reading.message, message)
  })
}

const IPV6 = { family: 'ipv6', bits: 0x2001_0db8_0000_0000_0000_0000_0000_0001n } as const
const PLACES: readonly (readonly [string, unknown])[] = [
  ['', null],
  [':179', { address: null, port: 179 }],
  ['179', { address: null, port: 179 }],
  ['192.0.2.1:179', { address: { family: 'ipv4', bits: 0xc000_0201n }, port: 179 }],
  ['[2001:db8::1]:1790', { address: IPV6, port: 1790 }],
  ['[::]:179', { address: { family: 'ipv6', bits: 0n }, port: 179 }],
  ['0.0.0.0:65535', { address: { family: 'ipv4', bits: 0n }, port: 65_535 }],
  ['0', undefined],
  [':0', undefined],
  [':65536', undefined],
  ['65536', undefined],
  [':', undefined],
  ['192.0.2.1', undefined],
  ['192.0.2.1:', undefined],
  ['192.0.2.300:179', undefined],
  ['[192.0.2.1]:179', undefined],
  ['2001:db8::1:179', undefined],
  ['[2001:db8::1]', undefined],
  ['[]:179', undefined],
  ['[fe80::1%eth0]:179', undefined],
  ['localhost:179', undefined],
  [':bgp', undefined],
  [' :179', undefined],
  [':179 ', undefined],
]
for (const [value, expected] of PLACES) {
  test(`a place to listen at: ${JSON.stringify(value)}`, () => {
    assert.deepEqual(listeningPlace({ help: 'where' }).parse(value), expected)
  })
}

test('nonsense for a place to listen at is answered with what would do', () => {
  assert.deepEqual(readFlags(SPEAKER_FLAGS, ['--bgp-listen=bgp'], {}), {
    kind: 'unusable',
    message:
      '--bgp-listen is "bgp", which is not a port, or an IP address and a port, such as :179, 192.0.2.1:179 or ' +
      '[2001:db8::1]:179',
  })
})

test('--help wins over what stands behind it, and names default, variable and what has no effect', () => {
  assert.equal(readFlags(FLAGS, ['--help', '--nonsense'], {}).kind, 'help')
  const help = helpOf('teller', 'Tells.', FLAGS)
  assert.match(help, /^Usage: metallb teller \[flags\]\n/)
  assert.match(help, /--count VALUE {2,}how many \(default 3, env COUNT\)\n/)
  assert.match(help, /--pause VALUE {2,}how long \(default 1\.5s, env PAUSE\)\n/)
  assert.match(help, /--old VALUE {2,}of old \(no effect here, env OLD\)\n/)
})

/** Arguments as the manifests and charts of MetalLB 0.13 to 0.16, and guides written for them, give them. */
const METALLB: readonly [string, 'controller' | 'speaker', readonly string[]][] = [
  ['manifests of 0.13 to 0.15', 'controller', ['--port=7472', '--log-level=info']],
  ['manifests of 0.13 to 0.15', 'speaker', ['--port=7472', '--log-level=info']],
  ['manifests of 0.16', 'controller', ['--port=9120', '--log-level=info']],
  ['a guide', 'controller', ['--log-level=info', '--port=7472', '--webhook-mode=enabled']],
  [
    'the chart',
    'controller',
    ['--port=9120', '--health-probe-port=17472', '--log-level=info', '--lb-class=a', '--webhook-mode=onlywebhook'],
  ],
  ['the chart', 'speaker', ['--port=9120', '--ml-wan-config', '--ignore-exclude-lb', '--bgp-debounce-timeout=100']],
  ['frr-k8s', 'speaker', ['--frrk8s-namespace=x', '--frrk8s-secret-passthrough=true', '--host=192.0.2.1']],
  [
    'every word about certificates',
    'controller',
    [
      '--disable-cert-rotation=true',
      '--cert-dir=/c',
      '--cert-service-name=s',
      '--webhook-secret=w',
      '--webhook-http2=false',
      '--metrics-cert-dir=/m',
      '--tls-min-version=VersionTLS12',
      '--tls-cipher-suites=TLS_AES_128_GCM_SHA256',
      '--tls-curve-preferences=29,23',
    ],
  ],
  [
    'the member list by flags',
    'speaker',
    ['--ml-bindaddr=192.0.2.1', '--ml-bindport=7946', '--ml-labels=app=metallb', '--ml-secret-key-path=/etc/ml'],
  ],
  ['the watch', 'speaker', ['--l2-watch-interval=50ms', '--l2-watch-port=7947']],
  ['a guide that asks a speaker', 'speaker', ['--memberlist-debug']],
  ['the profiler', 'speaker', ['--pprof-bind-address=:6060', '--pod-name=p', '--namespace=n', '--kubeconfig=/k']],
]
for (const [name, program, argv] of METALLB) {
  test(`the ${program} accepts the arguments of ${name}`, () => {
    const flags = program === 'controller' ? CONTROLLER_FLAGS : SPEAKER_FLAGS
    assert.equal(readFlags(flags, argv, {}).kind, 'values')
  })
}
