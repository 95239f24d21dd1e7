// SPDX-License-Identifier: Apache-2.0
/**
 * The webhook server from hostile hands: whatever bytes come on whatever path, beside objects that nobody checked, there
 * is an answer or one sentence, within bounds of work. A bug would end this process. FUZZ_SEED and FUZZ_SECONDS repeat
 * or prolong a run.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { after, test } from 'node:test'
import { AdmissionServer } from '../../src/kube/admission.ts'
import type { KubeApi } from '../../src/kube/api.ts'
import { issueServing, makeAuthority } from '../../src/lib/certificate.ts'
import { createLog } from '../../src/lib/log.ts'
import { makeRoutes } from '../../src/programs/controller/webhooks/routes.ts'
import { RULES } from '../../src/programs/controller/webhooks/rules.ts'
import { bgp, community, l2, metallb, NAMESPACE, node, peer, pool, profile } from '../model/objects.ts'
import { mutate, randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 5)
const MS_PER_MB = 2000
const SLACK_MS = 500

const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['d', 'e'] }] }
const OBJECTS = [
  pool('a', ['192.0.2.0/24', '2001:db8::1-2001:db8::ff'], { serviceAllocation: { serviceSelectors: [selector] } }),
  pool('b', ['10.0.0.0/8'], { autoAssign: false }),
  l2('l', { ipAddressPools: ['a'], preferredNodeSelectors: [{ weight: 1, preference: selector }] }),
  bgp('x', { communities: ['64500:1', 'vip'], aggregationLength: 26, asPrepend: { count: 2, asn: 1 } }),
  bgp('y', { localPref: 7, ipAddressPoolSelectors: [selector], peers: ['p'] }),
  peer('p', { holdTime: '90s', nodeSelectors: [selector], bfdProfile: 'fast', vrf: 'red' }),
  peer('q', { gracefulRestart: { enabled: true, restartTime: '60s' }, passwordSecret: { name: 's' } }),
  { ...peer('r'), apiVersion: 'metallb.io/v1beta1' },
  metallb('BGPPeer', 's', { myASN: 1 }, { annotations: { 'metallb.io/conversion-data': '{"spec":{"vrf":"red"}}' } }),
  profile('fast', { receiveInterval: 100, echoMode: true }),
  community('c', { name: 'vip', value: 'large:1:2:3' }),
  node('n1', { a: 'b' }),
]
const DEEP: unknown = JSON.parse(`${'['.repeat(150)}${']'.repeat(150)}`)
/** What stands in place of a value. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  'x',
  '__proto__',
  '\u0000\u202e',
  '0.0.0.0/0-::',
  '9'.repeat(5000),
  [],
  {},
  [[]],
  [null],
  { '': null },
  DEEP,
  Array.from({ length: 3000 }, (_, index) => `10.0.${index >> 8}.${index & 255}/32`),
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null}'),
]
const PATHS = [...RULES.map(({ path }) => path), '/convert']

const random = randomOf(SEED)
const below = (limit: number): number => Math.floor(random() * limit)
const pick = <T>(values: readonly T[]): T | undefined => values[below(values.length)]

/** A copy in which one value in seventy or so is another one, or is gone, or has a sibling. */
function twist(value: unknown, chance = 0.015): unknown {
  if (random() < chance) return pick(VALUES)
  if (Array.isArray(value)) return value.map((item) => twist(item, chance))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (random() < chance / 2) return []
    return [[random() < chance / 2 ? JSON.stringify(pick(VALUES)).slice(0, 40) : key, twist(inner, chance)]]
  })
  return Object.fromEntries(entries)
}

function review(path: string): unknown {
  const object = pick(OBJECTS)
  if (path === '/convert') {
    const versions = ['metallb.io/v1beta1', 'metallb.io/v1beta2']
    const asked = { uid: 'u', desiredAPIVersion: pick(versions), objects: [pick(OBJECTS), object] }
    return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', request: asked }
  }
  const operation = pick(['CREATE', 'UPDATE', 'DELETE'])
  const asked = { uid: 'u', operation, namespace: NAMESPACE, object, oldObject: pick([object, pick(OBJECTS), null]) }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }
}

function bodyFor(path: string): Buffer {
  const text = Buffer.from(JSON.stringify(random() < 0.9 ? twist(review(path)) : review(path)) ?? '')
  const kind = random()
  if (kind < 0.7) return text
  if (kind < 0.8) return text.subarray(0, below(text.length))
  if (kind < 0.85) return mutate(random)
  const at = below(text.length)
  return Buffer.concat([text.subarray(0, at), Buffer.from([below(256), below(256)]), text.subarray(at + below(20))])
}

/** What is stored may be as odd as what comes. */
const api: KubeApi = {
  async request({ path }) {
    const plural = path.split('/').at(-1)
    const items = OBJECTS.filter(({ kind }) => `${kind.toLowerCase().replace(/y$/, 'ie')}s` === plural)
    return { metadata: {}, items: random() < 0.5 ? items : twist(items, 0.02) }
  },
  async *stream() {},
  close() {},
}
const period = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const name = { commonName: 'cert', organization: 'metallb' }
const authority = await makeAuthority(name, period)
const server = new AdmissionServer({
  routes: makeRoutes({ api, namespace: NAMESPACE, log: createLog('none') }),
  identity: await issueServing(authority, { name, dnsNames: ['localhost'] }, period),
  tls: { minVersion: 'TLSv1.3' },
  port: 0,
  host: '127.0.0.1',
  onFailure: () => undefined,
})
const port = await server.listen()
const agent = new Agent({ keepAlive: true, ca: authority.cert, servername: 'localhost' })
after(async () => {
  agent.destroy()
  await server.close()
})

/** A bug in the server ends a daemon; here it has to end the call that nobody will answer. */
const bug = new Promise<never>((_, reject) => {
  process.once('uncaughtExceptionMonitor', reject)
})
bug.catch(() => undefined)

async function ask(path: string, body: Buffer): Promise<{ status: number; text: string }> {
  return await Promise.race([bug, exchange(path, body)])
}

async function exchange(path: string, body: Buffer): Promise<{ status: number; text: string }> {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent })
  sent.end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, text }
}

function check(status: number, text: string): void {
  if (status !== 200) {
    assert.equal(status, 400)
    assert.match(text, /^[^\n]+\n$/)
    assert.doesNotMatch(text, /\bat .*\.ts|Error:/)
    return
  }
  const { kind, response } = JSON.parse(text)
  if (kind === 'AdmissionReview') assert.equal(typeof response.allowed, 'boolean')
  else assert.ok(['Success', 'Failure'].includes(response.result.status))
}

test(`twisted reviews, seed ${SEED}, ${SECONDS} s`, async (context) => {
  const stopAt = performance.now() + SECONDS * 1000
  const answers = new Map<number, number>()
  for (let run = 0; performance.now() < stopAt; run++) {
    const path = pick(PATHS) ?? ''
    const body = bodyFor(path)
    const start = workMs()
    try {
      const { status, text } = await ask(path, body)
      check(status, text)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      const allowedMs = SLACK_MS + (body.length / 2 ** 20) * MS_PER_MB
      assert.ok(workMs() - start <= allowedMs, `${body.length} bytes: ${Math.round(workMs() - start)} ms`)
      assert.equal(Reflect.get({}, 'polluted'), undefined, 'no prototype is touched')
    } catch (thrown) {
      throw new Error(`seed ${SEED}, run ${run}: ${path} ${body.toString('latin1').slice(0, 5000)}`, { cause: thrown })
    }
  }
  context.diagnostic(JSON.stringify([...answers]))
  assert.ok((answers.get(200) ?? 0) > 100 && (answers.get(400) ?? 0) > 20, 'a fuzzer that hardly runs finds nothing')
})

/** Bodies of a MB or more that are valid, and a lot of work. */
const DENSE: readonly (readonly [string, string, object])[] = [
  [
    '100,000 addresses',
    RULES[0]?.path ?? '',
    pool(
      'z',
      Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`),
    ),
  ],
  [
    '100,000 overlapping addresses',
    RULES[0]?.path ?? '',
    pool(
      'z',
      Array.from({ length: 100_000 }, () => '10.0.0.0/8'),
    ),
  ],
  [
    '50,000 names',
    '/validate-metallb-io-v1beta1-l2advertisement',
    l2('z', { ipAddressPools: Array.from({ length: 50_000 }, (_, i) => `pool-${i}`) }),
  ],
  [
    '50,000 communities',
    '/validate-metallb-io-v1beta1-community',
    community('z', ...Array.from({ length: 50_000 }, (_, i) => ({ name: `c${i % 7}`, value: 'x' }))),
  ],
]
for (const [what, path, object] of DENSE) {
  test(`${what} are answered within ${MS_PER_MB} ms of work a MB`, async () => {
    const asked = { uid: 'u', operation: 'CREATE', namespace: NAMESPACE, object }
    const body = Buffer.from(
      JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }),
    )
    const start = workMs()
    const { status, text } = await ask(path, body)
    check(status, text)
    assert.ok(workMs() - start <= SLACK_MS + (body.length / 2 ** 20) * MS_PER_MB, `${Math.round(workMs() - start)} ms`)
    assert.ok(text.length < 2 ** 20, `an answer of ${text.length} bytes`)
  })
}
