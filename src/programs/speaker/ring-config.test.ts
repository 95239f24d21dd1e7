// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { type GossipConfig, LAN, WAN } from '../../gossip/config.ts'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { SPEAKER_FLAGS } from '../flags/daemon-flags.ts'
import { readFlags } from '../flags/read-flags.ts'
import { type RingConfig, type RingFiles, readRingConfig, ringSettings } from './ring-config.ts'
import { parseRingFile } from './ring-config-file.ts'

const FILE = '/etc/metallb/memberlist/config.json'
const KEY_FILE = '/etc/ml_secret_key/secretkey'
const MEMBER = ['--ml-bindaddr=192.0.2.1', '--ml-labels=app=metallb,component=speaker']
const SECRET = ['--ml-secret-key-path=/etc/ml_secret_key']
/** LAN, in the file's words. */
const WHOLE: Readonly<Record<string, unknown>> = {
  TCPTimeout: '10s',
  IndirectChecks: 3,
  RetransmitMult: 4,
  SuspicionMult: 4,
  SuspicionMaxTimeoutMult: 6,
  PushPullInterval: '30s',
  ProbeTimeout: '500ms',
  ProbeInterval: '1s',
  DisableTcpPings: false,
  AwarenessMaxMultiplier: 8,
  GossipNodes: 3,
  GossipInterval: '200ms',
  GossipToTheDeadTime: '30s',
  GossipVerifyIncoming: true,
  GossipVerifyOutgoing: true,
  EnableCompression: true,
  HandoffQueueDepth: 1024,
  UDPBufferSize: 1400,
  QueueCheckInterval: '30s',
}
const without = (...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(WHOLE).filter(([key]) => !keys.includes(key)))

type World = Readonly<{
  argv?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Path → text; an Error: it cannot be read. */
  files?: Readonly<Record<string, string | Error>>
}>

async function read({ argv = MEMBER, env = {}, files = {} }: World) {
  const reading = readFlags(SPEAKER_FLAGS, argv, env)
  assert.equal(reading.kind, 'values')
  const lines: Readonly<{ level: string; msg: string }>[] = []
  const log = createLog('all', (line) => lines.push(JSON.parse(line)))
  const config = await readRingConfig(reading.kind === 'values' ? reading.values : assert.fail(), env, {
    files: filesOf(files),
    log,
  })
  return { config, lines: lines.map(({ level, msg }) => `${level}: ${msg}`) }
}

function filesOf(files: Readonly<Record<string, string | Error>>): RingFiles {
  return {
    read: async (path) => {
      const content = files[path]
      if (content instanceof Error) throw content
      return content === undefined ? null : new TextEncoder().encode(content)
    },
  }
}

const PLAIN = 'warn: the member list is not encrypted: there is no --ml-secret-key-path (METALLB_ML_SECRET_KEY_PATH)'
const file = (content: unknown) => ({ files: { [FILE]: JSON.stringify(content) } })
const warned = (about: string) => [`warn: ${about}`, PLAIN]

const GOSSIP: readonly [string, World, GossipConfig, readonly string[]][] = [
  ['the flags alone', {}, LAN, [PLAIN]],
  ['--ml-wan-config', { argv: [...MEMBER, '--ml-wan-config'] }, WAN, [PLAIN]],
  ['the whole file', file(WHOLE), LAN, [PLAIN]],
  ['the file instead of --ml-wan-config', { ...file(WHOLE), argv: [...MEMBER, '--ml-wan-config'] }, LAN, [PLAIN]],
  ['a knob of the file', file({ ...WHOLE, ProbeInterval: '1m30s' }), { ...LAN, probeIntervalMs: 90_000 }, [PLAIN]],
  ['a switch of the file', file({ ...WHOLE, DisableTcpPings: true }), { ...LAN, disableTcpPings: true }, [PLAIN]],
  ['keys in another case', file({ ...without('GossipNodes'), gossipnodes: 9 }), { ...LAN, gossipNodes: 9 }, [PLAIN]],
  ['an interval that is off', file({ ...WHOLE, PushPullInterval: '0' }), { ...LAN, pushPullIntervalMs: 0 }, [PLAIN]],
  [
    'numbers and switches that are missing are 0 and false',
    file(without('IndirectChecks', 'EnableCompression')),
    { ...LAN, indirectChecks: 0, enableCompression: false },
    warned(`${FILE} lacks IndirectChecks, EnableCompression: 0 or false counts, not a default`),
  ],
  [
    'null is missing',
    file({ ...WHOLE, GossipNodes: null }),
    { ...LAN, gossipNodes: 0 },
    warned(`${FILE} lacks GossipNodes: 0 or false counts, not a default`),
  ],
  [
    'keys that nobody knows',
    file({ ...WHOLE, SecretKey: 'x', constructor: 1 }),
    LAN,
    warned(`${FILE} has "SecretKey", "constructor", which nobody knows`),
  ],
  [
    'every variable, over the file',
    {
      ...file({ ...WHOLE, TCPTimeout: '1s' }),
      env: {
        MEMBERLIST_TCP_TIMEOUT: '11s',
        MEMBERLIST_PUSH_PULL_INTERVAL: '1m',
        MEMBERLIST_GOSSIP_INTERVAL: '100ms',
        MEMBERLIST_SUSPICION_MULT: '5',
        MEMBERLIST_PROBE_INTERVAL: '2s',
        MEMBERLIST_PROBE_TIMEOUT: '0.7s',
      },
    },
    {
      ...LAN,
      tcpTimeoutMs: 11_000,
      pushPullIntervalMs: 60_000,
      gossipIntervalMs: 100,
      suspicionMult: 5,
      probeIntervalMs: 2000,
      probeTimeoutMs: 700,
    },
    [PLAIN],
  ],
  ['an empty variable', { env: { MEMBERLIST_TCP_TIMEOUT: '' } }, LAN, [PLAIN]],
]
for (const [name, world, gossip, lines] of GOSSIP) {
  test(`timers of the ring: ${name}`, async () => {
    const { config, lines: said } = await read(world)
    assert.deepEqual(config?.gossip, gossip)
    assert.deepEqual(said, lines)
  })
}

const TIME = 'a duration such as "10s", from 1ms to 24h'
const VARIABLES: readonly [string, string, string][] = [
  ['MEMBERLIST_TCP_TIMEOUT', '10', `${TIME}; using 10s`],
  ['MEMBERLIST_TCP_TIMEOUT', '0s', `${TIME}; using 10s`],
  ['MEMBERLIST_TCP_TIMEOUT', '-1s', `${TIME}; using 10s`],
  ['MEMBERLIST_PROBE_TIMEOUT', '25h', `${TIME}; using 500ms`],
  ['MEMBERLIST_GOSSIP_INTERVAL', '1ns', `${TIME}, or "0"; using 200ms`],
  ['MEMBERLIST_PUSH_PULL_INTERVAL', 'often', `${TIME}, or "0"; using 30s`],
  ['MEMBERLIST_PROBE_INTERVAL', '\n', `${TIME}, or "0"; using 1s`],
  ['MEMBERLIST_SUSPICION_MULT', '4.5', 'a whole number from 1 to 1000; using 4'],
  ['MEMBERLIST_SUSPICION_MULT', '0', 'a whole number from 1 to 1000; using 4'],
]
for (const [name, text, rest] of VARIABLES) {
  test(`${name}=${JSON.stringify(text)} is a warning, and the default stays`, async () => {
    const { config, lines } = await read({ env: { [name]: text } })
    assert.deepEqual(config?.gossip, LAN)
    assert.deepEqual(lines, warned(`${name} is ${JSON.stringify(text)}, which is not ${rest}`))
  })
}

test('a port that a variable says in vain is a warning of the flags, and 7946', async () => {
  const reading = readFlags(SPEAKER_FLAGS, [], { METALLB_ML_BIND_PORT: '0' })
  const warning = 'METALLB_ML_BIND_PORT is "0", which is not a whole number from 1 to 65535; using 7946'
  assert.ok(reading.kind === 'values')
  assert.deepEqual([reading.values['ml-bindport'], reading.warnings], [7946, [warning]])
})

const broken = (content: string) => ({ files: { [FILE]: content } })
const REFUSED: readonly [string, World, RegExp][] = [
  [
    'no address',
    { argv: [...MEMBER, '--ml-bindaddr=node-1'] },
    /^--ml-bindaddr .* is "node-1", which is no IP address$/,
  ],
  [
    'every address',
    { argv: [...MEMBER, '--ml-bindaddr=0.0.0.0'] },
    /0\.0\.0\.0, by which nobody reaches .* status\.podIP$/,
  ],
  ['every IPv6 address', { argv: [...MEMBER, '--ml-bindaddr=::'] }, /is ::, by which nobody/],
  ['a group', { argv: [...MEMBER, '--ml-bindaddr=224.0.0.1'] }, /by which nobody/],
  ['an address of one link', { argv: [...MEMBER, '--ml-bindaddr=fe80::1'] }, /by which nobody/],
  ['an IPv6 group', { argv: [...MEMBER, '--ml-bindaddr=ff02::1'] }, /by which nobody/],
  [
    'one port for both',
    { argv: [...MEMBER, '--l2-watch-port=7946'] },
    /^--l2-watch-port and --ml-bindport are both 7946/,
  ],
  ['an empty file', broken(''), /config\.json is no JSON: /],
  ['half a file', broken('{"TCPTimeout": '), /config\.json is no JSON: /],
  ['a list', broken('[]'), /config\.json is no JSON object$/],
  ['deep nesting', broken('['.repeat(60_000)), /config\.json is no JSON/],
  [
    'missing durations',
    file(without('TCPTimeout', 'ProbeInterval')),
    /config\.json lacks TCPTimeout, ProbeInterval, a duration such as "10s" each$/,
  ],
  [
    'an empty object',
    broken('{}'),
    /lacks TCPTimeout, PushPullInterval, ProbeTimeout, ProbeInterval, GossipInterval, Goss/,
  ],
  ['a duration of null', file({ ...WHOLE, TCPTimeout: null }), /lacks TCPTimeout, a duration such as "10s"$/],
  ['a duration as a number', file({ ...WHOLE, TCPTimeout: 10 }), /has TCPTimeout: 10, which is not a duration such as/],
  ['a duration without unit', file({ ...WHOLE, TCPTimeout: '10' }), /has TCPTimeout: "10", which is not a duration/],
  ['a timeout of nothing', file({ ...WHOLE, ProbeTimeout: '0s' }), /has ProbeTimeout: "0s", which is not/],
  ['a number as text', file({ ...WHOLE, GossipNodes: '3' }), /GossipNodes: "3", which is not a whole number from 0 to/],
  ['a fraction', file({ ...WHOLE, GossipNodes: 1.5 }), /has GossipNodes: 1\.5, which is not a whole number/],
  ['a negative number', file({ ...WHOLE, SuspicionMult: -1 }), /has SuspicionMult: -1, which is not/],
  ['a datagram that there is not', file({ ...WHOLE, UDPBufferSize: 65_536 }), /UDPBufferSize: 65536, .* to 65535$/],
  [
    'a switch as text',
    file({ ...WHOLE, EnableCompression: 'yes' }),
    /EnableCompression: "yes", which is not true or false$/,
  ],
  ['a long value, cut', file({ ...WHOLE, TCPTimeout: 'x'.repeat(500) }), /has TCPTimeout: "x{59}…, which/],
  ['a file that is not to be read', { files: { [FILE]: new Error('EACCES') } }, /config\.json cannot be read: EACCES$/],
  [
    'no key',
    { argv: [...MEMBER, ...SECRET] },
    /^the key of the member list is not there: \/etc\/ml_secret_key\/secretkey$/,
  ],
  [
    'a key that is not to be read',
    { argv: [...MEMBER, ...SECRET], files: { [KEY_FILE]: new Error('EACCES') } },
    /^the key of the member list, \/etc\/ml_secret_key\/secretkey, cannot be read: EACCES$/,
  ],
  ['an empty key', { argv: [...MEMBER, ...SECRET], files: { [KEY_FILE]: '' } }, /secretkey, is empty$/],
]
for (const [name, world, message] of REFUSED) {
  test(`no start with ${name}`, async () => {
    await assert.rejects(read(world), (thrown) => {
      assert.ok(thrown instanceof Fault)
      assert.match(thrown.message, message)
      return true
    })
  })
}

const NOBODY = 'all nodes are assumed to run a speaker'
const OFF: readonly [string, readonly string[], string][] = [
  [
    'nothing',
    [],
    `warn: no member list without --ml-bindaddr (METALLB_ML_BIND_ADDR) and --ml-labels (METALLB_ML_LABELS): ${NOBODY}`,
  ],
  ['an address', MEMBER.slice(0, 1), `warn: no member list without --ml-labels (METALLB_ML_LABELS): ${NOBODY}`],
  ['labels', MEMBER.slice(1), `warn: no member list without --ml-bindaddr (METALLB_ML_BIND_ADDR): ${NOBODY}`],
  ['a directory', ['--manifests=x'], `info: no member list without --ml-bindaddr (METALLB_ML_BIND_ADDR): ${NOBODY}`],
]
for (const [name, argv, line] of OFF) {
  test(`no member list with ${name} alone, and nothing else is looked at`, async () => {
    const { config, lines } = await read({ argv, files: { [FILE]: 'broken' } })
    assert.equal(config, null)
    assert.deepEqual(lines, [line])
  })
}

/** The rule: the bytes, then the SHA-256 of nothing, of which the first 32. */
function keyOf(secret: string): Uint8Array {
  return Buffer.concat([Buffer.from(secret), createHash('sha256').digest()]).subarray(0, 32)
}
for (const [name, secret] of [
  ['22 characters', 'abcdefghijklmnopqrstuv'],
  ['more than 32', 'x'.repeat(44)],
  ['a newline at the end, which counts', 'abc\n'],
] as const) {
  test(`the key of the ring from ${name}`, async () => {
    const { config, lines } = await read({ argv: [...MEMBER, ...SECRET], files: { [KEY_FILE]: secret } })
    assert.deepEqual(Buffer.from(config?.key ?? []), keyOf(secret))
    assert.deepEqual(lines, [])
  })
}

const PLACES: readonly [string, readonly string[], Pick<RingConfig, 'bind' | 'watch'>][] = [
  [
    'as the manifests have it',
    MEMBER,
    { bind: { address: '192.0.2.1', port: 7946 }, watch: { intervalMs: 100, detectMult: 4, port: 7947 } },
  ],
  [
    'a directory, without labels',
    [
      '--manifests=x',
      '--ml-bindaddr=192.0.2.1',
      '--ml-bindport=17946',
      '--l2-watch-interval=50ms',
      '--l2-watch-port=1',
    ],
    { bind: { address: '192.0.2.1', port: 17_946 }, watch: { intervalMs: 50, detectMult: 4, port: 1 } },
  ],
  [
    'IPv6, written as one likes, and no watch',
    ['--ml-bindaddr=2001:DB8:0::1', '--ml-labels=a=b', '--l2-watch-interval=0', '--l2-watch-port=7946'],
    { bind: { address: '2001:db8::1', port: 7946 }, watch: null },
  ],
]
for (const [name, argv, { bind, watch }] of PLACES) {
  test(`where a member is: ${name}`, async () => {
    const { config } = await read({ argv })
    assert.deepEqual([config?.bind, config?.watch], [bind, watch])
  })
}

test('the settings in words hold no key', async () => {
  const { config } = await read({ argv: [...MEMBER, ...SECRET], files: { [KEY_FILE]: 'secret' } })
  assert.ok(config)
  const timers = { tcpTimeout: '10s', pushPullInterval: '30s', gossipInterval: '200ms', suspicionMult: 4 }
  const probes = { probeInterval: '1s', probeTimeout: '500ms' }
  const watch = { watchInterval: '100ms', watchPort: 7947 }
  const expected = { bind: '192.0.2.1:7946', encryption: 'AES-GCM', ...timers, ...probes, ...watch }
  assert.deepEqual(ringSettings(config), expected)
  const off = ringSettings({ ...config, key: null, watch: null, bind: { address: '2001:db8::1', port: 1 } })
  const { bind, encryption, watchInterval, watchPort } = off
  assert.deepEqual([bind, encryption, watchInterval, watchPort], ['[2001:db8::1]:1', 'none', 'off', 'off'])
})

const scratch = mkdtempSync(join(tmpdir(), 'metallb-ring-'))
after(() => rmSync(scratch, { recursive: true }))

/** On the disk, as the speaker reads it: where there is no file at the usual place, the preset counts. */
async function fromDisk(directory: string): Promise<RingConfig | null> {
  const reading = readFlags(SPEAKER_FLAGS, [...MEMBER, `--ml-secret-key-path=${directory}`], {})
  assert.ok(reading.kind === 'values')
  return await readRingConfig(reading.values, {}, { log: createLog('none') })
}

test('a Secret as Kubernetes mounts it, by links', async () => {
  mkdirSync(join(scratch, '..data-1'))
  writeFileSync(join(scratch, '..data-1/secretkey'), 'abc')
  symlinkSync('..data-1', join(scratch, '..data'))
  symlinkSync('..data/secretkey', join(scratch, 'secretkey'))
  assert.deepEqual(Buffer.from((await fromDisk(scratch))?.key ?? []), keyOf('abc'))
})

test('what is no file, is too large or is not there ends the start with its path', async () => {
  const place = (name: string) => join(scratch, name, 'secretkey')
  mkdirSync(place('directory'), { recursive: true })
  mkdirSync(join(scratch, 'large'))
  writeFileSync(place('large'), Buffer.alloc(65_537, 'x'))
  await assert.rejects(fromDisk(join(scratch, 'directory')), /directory\/secretkey, cannot be read: EISDIR/)
  await assert.rejects(fromDisk(join(scratch, 'large')), /cannot be read: it is larger than 65536 bytes$/)
  await assert.rejects(fromDisk(join(scratch, 'nowhere')), /nowhere\/secretkey$/)
})

/** Whatever stands in the file: a reading whose numbers timers and queues can be given, or a sentence. */
function isUsable(text: string): boolean {
  const reading = parseRingFile(text)
  if (!reading.ok) return reading.flaw !== ''
  const numbers = Object.values(reading.gossip).filter((value) => typeof value === 'number')
  return numbers.every((value) => value >= 0 && value < 2 ** 31)
}

test('no file is more than a sentence', () => {
  const value = fc.oneof(fc.constant('10s'), fc.boolean(), fc.nat(70_000), fc.jsonValue())
  const knobs = fc.record(Object.fromEntries(Object.keys(WHOLE).map((key) => [key, value])), { requiredKeys: [] })
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), isUsable))
  fc.assert(fc.property(knobs, (given) => isUsable(JSON.stringify({ ...WHOLE, ...given }))))
  const whole = JSON.stringify(WHOLE)
  for (let length = 0; length < whole.length; length++) assert.equal(parseRingFile(whole.slice(0, length)).ok, false)
})
