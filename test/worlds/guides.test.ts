// SPDX-License-Identifier: Apache-2.0
/**
 * What people find in guides to MetalLB, in worlds that make sense together: several clusters, high availability, several
 * routers, the basics, an enterprise. `+` joins files of guides/, `>` begins a second step.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { check } from '../../src/programs/cli/check/main.ts'
import { simulated } from './simulate.ts'

process.chdir(join(import.meta.dirname, 'guides'))

type Facts = Readonly<{
  /** Errors by code; none: the configuration is in use. */
  errors?: readonly string[]
  /** Warnings that must be among those there are. */
  warns?: readonly string[]
  /** Service → its address, or the code of the refusal. */
  services: Readonly<Record<string, string>>
  /** Service → `peer prefix communities prepend` of its routes, each once, and how many nodes send them. */
  routes?: Readonly<Record<string, readonly string[]>>
  /** Service → the only node that can answer on layer 2. */
  answers?: Readonly<Record<string, string>>
}>

const WORLDS: readonly (readonly [string, string, Facts])[] = [
  ...(['a', 'b', 'c'] as const).map((cluster, at) => {
    const [ip, asn] = [`192.168.100.${[1, 51, 101][at]}`, [64500, 64502, 64503][at]]
    const routes = { 'demo-app': [`router-1 ${ip}/32 ${asn}:100 from 3`, `router-2 ${ip}/32 ${asn}:100 from 3`] }
    const files = `nodes+cluster-${cluster}+demo-app-${cluster}`
    return [`cluster ${cluster}`, files, { warns: ['localPrefOnEbgp'], services: { 'demo-app': ip }, routes }] as const
  }),
  ['a pool for the global address stands beside that of the cluster', 'nodes+cluster-a+global-pool', { services: {} }],
  [
    'a global address that no pool holds is refused',
    'nodes+cluster-a+global-lb',
    { services: { 'global-lb': 'addressInNoPool' } },
  ],
  [
    'with a pool for it, it is given',
    'nodes+cluster-a+global-pool+global-lb',
    { services: { 'global-lb': '192.168.100.200' } },
  ],

  [
    'high availability on layer 2',
    'ha-nodes+ha-layer2+ha-service',
    { services: { 'test-lb-service': '192.168.1.100' } },
  ],
  [
    'high availability by BGP: .0 is skipped, three nodes announce to two routers',
    'ha-nodes+ha-bgp+ha-plain',
    {
      services: { plain: '10.0.100.1' },
      routes: { plain: ['router-1 10.0.100.1/32 64512:100 from 3', 'router-2 10.0.100.1/32 64512:100 from 3'] },
    },
  ],
  [
    'both in one cluster: the first automatic pool is by name',
    'ha-nodes+ha-layer2+ha-bgp+ha-plain',
    { services: { plain: '10.0.100.1' } },
  ],

  [
    'three routers, one advertisement',
    'nodes+routers-pools+routers-peers+routers-production+routers-critical',
    {
      services: { 'critical-service': '192.168.1.240' },
      routes: { 'critical-service': [1, 2, 3].map((at) => `router-${at} 192.168.1.240/32 64500:100 from 3`) },
    },
  ],
  [
    'an aggregate wider than the pool is refused',
    'nodes+routers-pools+routers-peers+routers-development',
    {
      errors: ['aggregationExceedsPool'],
      services: {},
    },
  ],
  [
    'corrected, with a pool of its own /24',
    'nodes+routers-wide-pool+routers-peers+routers-development+routers-development-service',
    {
      services: { dev: '192.168.2.0' },
      routes: { dev: ['router-1 192.168.2.0/24 64500:50 from 3', 'router-2 192.168.2.0/24 64500:50 from 3'] },
    },
  ],
  [
    'a router for each node',
    'nodes+routers-pools+routers-node-peers+routers-production+routers-critical',
    {
      services: { 'critical-service': '192.168.1.240' },
      routes: { 'critical-service': [1, 2, 3].map((at) => `node-${at}-router 192.168.1.240/32 64500:100 from 1`) },
    },
  ],
  [
    'two peers on one address are refused together',
    'nodes+routers-peers+routers-node-peers',
    {
      errors: ['peersShareAddress', 'peersShareAddress', 'peersShareAddress'],
      services: {},
    },
  ],
  [
    'ECMP: a second advertisement with equal localPref is no conflict',
    'nodes+routers-pools+routers-peers+routers-production+routers-ecmp+routers-critical',
    {
      services: { 'critical-service': '192.168.1.240' },
      routes: { 'critical-service': [1, 2, 3].map((at) => `router-${at} 192.168.1.240/32 64500:100 from 3`) },
    },
  ],
  [
    'graceful restart without its BFD profile holds the configuration back',
    'nodes+routers-pools+routers-graceful',
    {
      errors: ['unknownBfdProfile'],
      services: {},
    },
  ],
  [
    'with the profile it is in use',
    'nodes+routers-pools+routers-graceful+routers-default-profile+routers-production',
    { services: {} },
  ],
  [
    'fast failover by BFD',
    'nodes+routers-pools+routers-bfd+routers-production+routers-plain',
    {
      services: { plain: '192.168.1.240' },
      routes: { plain: ['router-1-bfd 192.168.1.240/32 64500:100 from 3'] },
    },
  ],
  [
    'fast failover beside another peer on that address is refused',
    'nodes+routers-bfd+routers-peers',
    { errors: ['peersShareAddress'], services: {} },
  ],
  [
    'a filtered advertisement',
    'nodes+routers-pools+routers-peers+routers-filtered+routers-critical+routers-plain',
    {
      services: { 'critical-service': '192.168.1.240', plain: '192.168.1.241' },
      routes: {
        'critical-service': [1, 2].map((at) => `router-${at} 192.168.1.240/32 64500:100 from 3`),
        plain: [],
      },
    },
  ],
  [
    'filtered beside the other one: accepted, and silent for its conflict',
    'nodes+routers-pools+routers-peers+routers-production+routers-filtered+routers-critical',
    {
      services: { 'critical-service': '192.168.1.240' },
      routes: { 'critical-service': [] },
    },
  ],
  [
    'prepending beside the other one is refused',
    'nodes+routers-pools+routers-peers+routers-production+routers-prepend',
    {
      errors: ['localPrefConflict'],
      services: {},
    },
  ],
  [
    'prepending alone: only router-3 hears of it',
    'nodes+routers-pools+routers-peers+routers-prepend+routers-plain',
    {
      services: { plain: '192.168.1.240' },
      routes: { plain: ['router-3 192.168.1.240/32 prepend 64500,64500 from 3'] },
    },
  ],
  [
    'a pinned Service announces from its endpoint only',
    'nodes+routers-pools+routers-peers+routers-production+routers-pinned',
    {
      services: { 'pinned-service': '192.168.1.241' },
      routes: { 'pinned-service': [1, 2, 3].map((at) => `router-${at} 192.168.1.241/32 64500:100 from 1`) },
    },
  ],

  [
    'the basics',
    'nodes+basics-layer2+basics-service+basics-ingress',
    {
      services: { 'nginx-service': '192.168.1.240', 'nginx-ingress': '192.168.1.241' },
    },
  ],
  [
    'a health check annotation changes no address',
    'nodes+basics-layer2+basics-health',
    { services: { 'nginx-service': '192.168.1.240' } },
  ],
  [
    'host names in peers: an address, and no router that sees it',
    'basics-bgp-hosts+basics-service',
    {
      warns: ['unknownPeer'],
      services: { 'nginx-service': '203.0.113.0' },
      routes: { 'nginx-service': [] },
    },
  ],
  [
    'names of BGPPeers in peers',
    'basics-bgp+basics-service',
    {
      services: { 'nginx-service': '203.0.113.0' },
      routes: { 'nginx-service': ['router1 203.0.113.0/32 65000:100 from 1'] },
    },
  ],
  [
    'two pools of one range are refused together',
    'basics-layer2+basics-interface',
    { errors: ['poolOverlap'], services: {} },
  ],
  ['one interface', 'basics-interface+basics-service', { services: { 'nginx-service': '192.168.1.240' } }],

  [
    'enterprise: pools for both protocols',
    'enterprise-nodes+enterprise-pools+enterprise-secret+routers-plain',
    {
      services: { plain: '10.0.3.200' },
    },
  ],
  [
    'enterprise: without Secret and profile',
    'enterprise-nodes+enterprise-pools',
    { errors: ['unknownBfdProfile', 'unknownSecret'], services: {} },
  ],
  [
    'enterprise: a primary and a secondary router',
    'enterprise-nodes+enterprise-peers+enterprise-peer-secrets+enterprise-peer-pool+routers-plain',
    {
      services: { plain: '10.0.3.200' },
      routes: {
        plain: [
          'core-router-primary 10.0.3.200/32 65000:100 from 1',
          'core-router-secondary 10.0.3.200/32 65000:100 from 1',
        ],
      },
    },
  ],
  [
    'enterprise: zones',
    'enterprise-nodes+enterprise-zones+enterprise-zone-services',
    {
      services: { 'in-a': '10.0.3.100', 'in-b': '10.0.3.130', nowhere: 'noAvailablePool' },
    },
  ],
  [
    'enterprise: zones beside the other pools',
    'enterprise-nodes+enterprise-zones+enterprise-pools+enterprise-secret',
    {
      errors: ['poolOverlap', 'poolOverlap'],
      services: {},
    },
  ],
  [
    'enterprise: classes, frontends on their own node',
    'enterprise-nodes+enterprise-classes>enterprise-frontends',
    {
      services: { 'api-gateway-lb': '10.0.3.101', 'internal-app': '10.0.3.100', 'web-frontend-lb': '192.168.1.100' },
      answers: { 'web-frontend-lb': 'west' },
    },
  ],
  [
    'enterprise: databases without the label of the pool',
    'enterprise-nodes+enterprise-classes+enterprise-databases',
    {
      services: {
        'internal-app': '10.0.3.100',
        'postgresql-primary-lb': 'poolNotForService',
        'postgresql-readonly-lb': 'poolNotForService',
      },
    },
  ],
  [
    'enterprise: databases with it',
    'enterprise-nodes+enterprise-classes+enterprise-databases-labelled',
    {
      services: {
        'internal-app': '10.0.3.100',
        'postgresql-primary-lb': '10.0.3.110',
        'postgresql-readonly-lb': '10.0.3.111',
      },
      answers: { 'postgresql-primary-lb': 'east' },
    },
  ],
]

type Row = { node: string; peer: string; prefix: string; communities: string[]; prepend: number[] }
type Document = {
  problems: { severity: string; code: string }[]
  configured: boolean
  services: { name: string; ips: string[]; refusal: { code: string } | null; l2: { node: string }[]; bgp: Row[] }[]
}

function routesOf(rows: readonly Row[]): string[] {
  const counts = new Map<string, number>()
  for (const { peer, prefix, communities, prepend } of rows) {
    const extras = [...communities, ...(prepend.length === 0 ? [] : ['prepend', prepend.join()])]
    const text = [peer, prefix, ...extras].join(' ')
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => `${text} from ${count}`).toSorted()
}

for (const [name, files, { errors = [], warns = [], services, routes = {}, answers = {} }] of WORLDS) {
  test(name, async () => {
    const args = files
      .replaceAll(/[^+>]+/g, '$&.yaml')
      .replaceAll('+', ' ')
      .replaceAll('>', ' --then ')
    const { text } = await simulated(args)
    const found: Document = JSON.parse(text)
    const codes = (severity: string) =>
      found.problems.filter((one) => one.severity === severity).map(({ code }) => code)
    assert.deepEqual(codes('error').toSorted(), errors)
    assert.equal(found.configured, errors.length === 0)
    for (const code of warns) assert.ok(codes('warning').includes(code), code)
    const given = found.services.map((one) => [one.name, one.refusal?.code ?? one.ips.join()])
    assert.deepEqual(Object.fromEntries(given), services)
    for (const one of found.services) {
      if (routes[one.name]) assert.deepEqual(routesOf(one.bgp), routes[one.name])
      const answer = answers[one.name]
      if (answer) assert.deepEqual([...new Set(one.l2.map(({ node }) => node))], [answer])
    }
  })
}

/** What only another file can say is a warning where a file is checked alone. */
const ALONE = readdirSync('.').filter((name) => name.endsWith('.yaml'))
const CHECK = {
  output: 'json',
  strict: false,
  namespace: 'metallb-system',
  lbClass: [],
  podNetwork: [],
  serviceNetwork: [],
} as const
for (const file of ALONE) {
  test(`${file} alone: check blames nothing on a file that is not there`, async () => {
    const { text, status } = await check([file], CHECK)
    const { problems }: { problems: { severity: string; code: string }[] } = JSON.parse(text)
    const errors = problems.filter(({ severity }) => severity === 'error')
    assert.deepEqual(errors, [])
    assert.equal(status, 0)
  })
}

test('two objects in one document, as the enterprise guide has them: the line, the guess, and one object fewer', async () => {
  const whole = readFileSync('enterprise-pools.yaml', 'utf8')
  const [pool = '', advertisement = '', other = ''] = whole.split('---\n')
  const directory = mkdtempSync(join(tmpdir(), 'metallb-guides-'))
  try {
    const file = join(directory, 'a.yaml')
    writeFileSync(file, `${pool}---\n${advertisement}${other}`)
    const { text } = await check([file], CHECK)
    const { problems }: { problems: { code: string; line: number; message: string }[] } = JSON.parse(text)
    const doubled = problems.filter(({ code }) => code === 'duplicateKey')
    assert.deepEqual(
      doubled.map(({ line }) => line),
      [`${pool}---\n${advertisement}`.split('\n').length],
    )
    assert.match(doubled[0]?.message ?? '', /apiVersion, kind, metadata, spec stand here again.*is `---` missing\?/)
    const simulation = await simulated(file)
    const { pools }: { pools: { name: string }[] } = JSON.parse(simulation.text)
    assert.deepEqual(
      pools.map(({ name }) => name),
      ['bgp-pool-production', 'layer2-pool'],
    )
    assert.ok(
      problems.some(({ code }) => code === 'unadvertisedPool'),
      'there is no L2Advertisement',
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})
