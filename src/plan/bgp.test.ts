// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../lib/ip.ts'
import { formatCidr } from '../lib/prefix.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Service } from '../model/service.ts'
import { planBgp } from './bgp.ts'
import { bgpAd, community, labelled, node, peer, pool, ready, type Sketch, service, world } from './sample-world.ts'
import type { SilenceReason } from './silence.ts'
import type { World } from './world.ts'

const N1 = ['n1']
const BOTH = ['n1', 'n2']
const tor = peer('tor', BOTH)

type Case = {
  service?: Service
  endpoints?: readonly Endpoint[]
  sketch?: Sketch
  fields?: Partial<World>
}
const plan = ({ service: asked = service(), endpoints = [ready('n2')], sketch = {}, fields = {} }: Case) => {
  const nodes = BOTH.map((name) => node(name))
  return planBgp(asked, endpoints, {
    world: world({ nodes, bgp: [bgpAd(BOTH)], peers: [tor], ...sketch }, fields),
    node: 'n1',
  })
}

const local = service({ externalTrafficPolicy: 'Local' })
const selective = bgpAd(BOTH, { name: 'selective', serviceSelectors: [labelled('app', 'web')] })
const unwell = (fields: Parameters<typeof node>[1]) => ({ nodes: [node('n1', fields), node('n2')] })
const unready = { nodeName: 'n1', canServe: false, addresses: 1 }
const homeless = { nodeName: 'n1', canServe: true, addresses: 0 }
const conflict = [bgpAd(BOTH, { name: 'low', localPref: 100 }), bgpAd(BOTH, { name: 'high', localPref: 200 })]
const gated = service({ annotations: { 'metallb.io/healthCheckNodePort': '8080' } })
const six = service({ ips: ['2001:db8::1'] })
const failedHere = { failing: new Map([['8080/' as const, new Set(['n1'])]]) }
const LAST: [string, Sketch][] = [
  ['no session', { peers: [peer('tor', ['n1'])] }],
  ['no advertisement', { bgp: [bgpAd(['n1'])] }],
  ['no network', { nodes: [node('n1'), node('n2', { networkUnavailable: true })] }],
]
for (const [name, sketch] of LAST) {
  test(`a failed health check takes nothing away where the node that passes it has ${name}`, () => {
    assert.equal(plan({ service: gated, fields: failedHere, sketch }).announce, true)
  })
}

const SILENT: [string, Case, SilenceReason, RegExp][] = [
  ['another type', { service: service({ type: 'NodePort' }) }, 'notLoadBalancer', /NodePort/],
  ['no address yet', { service: service({ ips: [] }) }, 'noIPAllocated', /no address/],
  ['an address that is none', { service: service({ ips: ['web.example.org'] }) }, 'invalidIP', /web\.example\.org/],
  ['an address of no pool', { service: service({ ips: ['192.0.2.1'] }) }, 'ipNotAllowed', /192\.0\.2\.1/],
  ['the pool is not advertised', { sketch: { bgp: [] } }, 'notOwner', /no BGPAdvertisement for pool a selects node n1/],
  ['our node is not selected', { sketch: { bgp: [bgpAd(['n2'])] } }, 'notOwner', /node n1/],
  [
    'the node comes before the Service',
    { sketch: { bgp: [{ ...selective, nodes: new Set(['n2']) }] } },
    'notOwner',
    /n1/,
  ],
  ['the Service is not selected', { sketch: { bgp: [selective] } }, 'noMatchingAdvertisement', /selective/],
  [
    'two localPrefs',
    { sketch: { bgp: conflict } },
    'conflictingAdvertisements',
    /low \(localPref 100\) and high \(localPref 200\)/,
  ],
  [
    'a conflict comes before a node without network',
    { sketch: { bgp: conflict, ...unwell({ networkUnavailable: true }) } },
    'conflictingAdvertisements',
    /localPref/,
  ],
  ['no network', { sketch: unwell({ networkUnavailable: true, excluded: true }) }, 'nodeNetworkUnavailable', /n1/],
  ['the exclude label', { sketch: unwell({ excluded: true }), endpoints: [] }, 'nodeLabeledExcludeBalancers', /n1/],
  ['a node that is being deleted', { sketch: unwell({ leaving: 'deleted' }) }, 'nodeLeaving', /n1 is being deleted/],
  ['a node that shuts down', { sketch: unwell({ leaving: 'shuttingDown' }) }, 'nodeLeaving', /n1 is shutting down/],
  [
    'a failed health check',
    { service: gated, fields: { failing: new Map([['8080/' as const, new Set(['n1'])]]) } },
    'healthCheckFailing',
    /n1 fails the health check of default\/web on port 8080/,
  ],
  ['Local without an endpoint here', { service: local }, 'noLocalEndpoints', /Local.*on n1/],
  ['Local without any endpoint', { service: local, endpoints: [] }, 'noLocalEndpoints', /Local/],
  ['Local, the endpoint has no address', { service: local, endpoints: [homeless] }, 'noLocalEndpoints', /Local/],
  [
    'Local, the endpoint cannot serve',
    { service: local, endpoints: [unready, ready('n2')] },
    'noLocalEndpoints',
    /Local/,
  ],
  ['no endpoints', { endpoints: [] }, 'noEndpoints', /no endpoint/],
  ['no endpoint can serve', { endpoints: [unready] }, 'noEndpoints', /no endpoint/],
  ['no endpoint has an address', { endpoints: [homeless] }, 'noEndpoints', /no endpoint/],
  ['no peers', { sketch: { peers: [] } }, 'noPeer', /no BGPPeer selects node n1/],
  ['no peer here', { sketch: { peers: [peer('tor', ['n2'])] } }, 'noPeer', /no BGPPeer selects node n1/],
  [
    'other peers wanted',
    { sketch: { bgp: [bgpAd(N1, { peers: new Set(['core']) })] } },
    'noPeer',
    /peers core.*with tor/,
  ],
  ['the family is not activated', { service: six }, 'noPeer', /\(tor\).*dualStackAddressFamily/],
]
for (const [name, given, reason, message] of SILENT) {
  test(`bgp is silent: ${name}`, () => {
    const answer = plan(given)
    assert.equal(answer.announce, false)
    assert.equal(answer.reason, reason)
    assert.match(answer.message, message)
  })
}

/** `peer prefix`, then what is set. */
function rows(given: Case): string[] {
  const answer = plan(given)
  if (!answer.announce) return [`silent: ${answer.reason}`]
  return answer.routes.map(({ peer: name, route }) => {
    const { prefix, prepend, communities, largeCommunities, localPref, med } = route
    const set = {
      localPref,
      med,
      communities: communities.join(),
      large: largeCommunities.join(),
      prepend: prepend.join(),
    }
    const words = Object.entries(set).flatMap(([key, value]) =>
      value === null || value === '' ? [] : [`${key}=${value}`],
    )
    return [name, formatCidr(prefix), ...words].join(' ')
  })
}

const core = peer('core', BOTH)
const overSix = { address: parseIp('2001:db8:1::1') ?? null }
const dual = service({ ips: ['10.0.0.1', '2001:db8::1'] })
const to = (...names: string[]) => ({ peers: new Set(names) })
const prepending = (count: number, asn: number | null = null) => bgpAd(N1, { asPrepend: { count, asn } })
const onlyFour = { pools: [pool('a', '10.0.0.0/24')] }
const onlySix = { pools: [pool('a', '2001:db8::/64')] }
const by = (localPref: number | null, fields: Parameters<typeof bgpAd>[1] = {}) => bgpAd(N1, { localPref, ...fields })

const ROUTES: [string, Case, string[]][] = [
  ['one address, one peer', {}, ['tor 10.0.0.1/32']],
  [
    'every peer of this node',
    { sketch: { peers: [core, peer('far', ['n2']), tor] } },
    ['core 10.0.0.1/32', 'tor 10.0.0.1/32'],
  ],
  [
    'the peers of the advertisement',
    { sketch: { peers: [core, tor], bgp: [bgpAd(N1, to('tor'))] } },
    ['tor 10.0.0.1/32'],
  ],
  [
    'a Service that is selected',
    { service: service({ labels: { app: 'web' } }), sketch: { bgp: [selective] } },
    ['tor 10.0.0.1/32'],
  ],
  ['Local with an endpoint here', { service: local, endpoints: [ready('n2'), ready('n1')] }, ['tor 10.0.0.1/32']],
  ['one ready endpoint among others', { endpoints: [unready, homeless, ready(null)] }, ['tor 10.0.0.1/32']],
  [
    'the label ignored',
    { sketch: unwell({ excluded: true }), fields: { ignoreExcludeLabel: true } },
    ['tor 10.0.0.1/32'],
  ],
  [
    'a node that leaves, while it drains',
    { sketch: unwell({ excluded: true, leaving: 'deleted' }), fields: { draining: true } },
    ['tor 10.0.0.1/32'],
  ],
  ['no election: speakers elsewhere do not matter', { fields: { speakers: new Set() } }, ['tor 10.0.0.1/32']],
  // Families
  ['an IPv4 session carries IPv4', { service: dual }, ['tor 10.0.0.1/32']],
  [
    'an IPv6 session carries IPv6',
    { service: dual, sketch: { peers: [{ ...tor, ...overSix }] } },
    ['tor 2001:db8::1/128'],
  ],
  [
    'both where asked for',
    { service: dual, sketch: { peers: [{ ...tor, dualStackAddressFamily: true }] } },
    ['tor 10.0.0.1/32', 'tor 2001:db8::1/128'],
  ],
  [
    'both on an interface',
    { service: dual, sketch: { peers: [{ ...tor, address: null, interface: 'eth0' }] } },
    ['tor 10.0.0.1/32', 'tor 2001:db8::1/128'],
  ],
  // Aggregation
  [
    'aggregates',
    { service: service({ ips: ['10.0.5.77'] }), sketch: { bgp: [bgpAd(N1, { aggregationLength: 26 })] } },
    ['tor 10.0.5.64/26'],
  ],
  [
    'aggregates of IPv6',
    { service: six, sketch: { bgp: [bgpAd(N1, { aggregationLengthV6: 64 })], peers: [{ ...tor, ...overSix }] } },
    ['tor 2001:db8::/64'],
  ],
  [
    'two addresses in one aggregate',
    { service: service({ ips: ['10.0.5.1', '10.0.5.2'] }), sketch: { bgp: [bgpAd(N1, { aggregationLength: 24 })] } },
    ['tor 10.0.5.0/24'],
  ],
  [
    'the aggregate beside the address',
    { sketch: { ...onlyFour, bgp: [by(100), by(200, { aggregationLength: 24 })] } },
    ['tor 10.0.0.1/32 localPref=100', 'tor 10.0.0.0/24 localPref=200'],
  ],
  // Attributes
  [
    'communities in order, each once',
    { sketch: { bgp: [bgpAd(N1, { communities: ['65000:10', '65000:9', '1:1', '65000:9'].map(community) })] } },
    [`tor 10.0.0.1/32 communities=65537,${65_000 * 65_536 + 9},${65_000 * 65_536 + 10}`],
  ],
  [
    'large communities by number',
    { sketch: { bgp: [bgpAd(N1, { communities: ['large:10:1:1', '65000:1', 'large:9:1:1'].map(community) })] } },
    [`tor 10.0.0.1/32 communities=${65_000 * 65_536 + 1} large=9:1:1,10:1:1`],
  ],
  ['localPref whoever hears it', { sketch: { bgp: [by(150)] } }, ['tor 10.0.0.1/32 localPref=150']],
  ['MED, also 0', { sketch: { bgp: [bgpAd(N1, { med: 0 })] } }, ['tor 10.0.0.1/32 med=0']],
  ['prepends our number', { sketch: { bgp: [prepending(2)] } }, ['tor 10.0.0.1/32 prepend=64500,64500']],
  ['prepends the number asked for', { sketch: { bgp: [prepending(1, 65_010)] } }, ['tor 10.0.0.1/32 prepend=65010']],
  [
    'prepends to any external peer',
    { sketch: { bgp: [prepending(1)], peers: [{ ...tor, remoteAs: 'external' }] } },
    ['tor 10.0.0.1/32 prepend=64500'],
  ],
  [
    'not to an internal peer',
    { sketch: { bgp: [prepending(1)], peers: [{ ...tor, remoteAs: 'internal' }] } },
    ['tor 10.0.0.1/32'],
  ],
  [
    'not to a peer with our number',
    { sketch: { bgp: [prepending(1)], peers: [{ ...tor, remoteAs: 64_500 }] } },
    ['tor 10.0.0.1/32'],
  ],
  [
    'prepends the number that the peer sees us by',
    { sketch: { bgp: [prepending(1)], peers: [{ ...tor, localAsn: 64_510, remoteAs: 64_500 }] } },
    ['tor 10.0.0.1/32 prepend=64510'],
  ],
  [
    'not to a peer that sees us by its own number',
    { sketch: { bgp: [prepending(1)], peers: [{ ...tor, localAsn: 64_501 }] } },
    ['tor 10.0.0.1/32'],
  ],
  [
    'each session prepends its own number',
    { sketch: { bgp: [prepending(1)], peers: [core, { ...tor, myAsn: 64_510 }] } },
    ['core 10.0.0.1/32 prepend=64500', 'tor 10.0.0.1/32 prepend=64510'],
  ],
  // Several advertisements for one prefix
  [
    'are united',
    {
      sketch: {
        bgp: [
          bgpAd(N1, { communities: [community('0:2')], med: 20, asPrepend: { count: 1, asn: null } }),
          bgpAd(N1, { communities: [community('0:1'), community('0:2')], med: 10, asPrepend: { count: 3, asn: 7 } }),
          bgpAd(N1),
        ],
      },
    },
    ['tor 10.0.0.1/32 med=10 communities=1,2 prepend=7,7,7'],
  ],
  [
    'are united: of equally long prepends the lower number',
    { sketch: { bgp: [prepending(2, 9), prepending(2, 7), prepending(2, 8)] } },
    ['tor 10.0.0.1/32 prepend=7,7'],
  ],
  [
    'are united per peer',
    {
      sketch: {
        peers: [core, tor],
        bgp: [
          bgpAd(N1, { communities: [community('0:1')] }),
          bgpAd(N1, { ...to('tor'), communities: [community('0:2')] }),
        ],
      },
    },
    ['core 10.0.0.1/32 communities=1', 'tor 10.0.0.1/32 communities=1,2'],
  ],
  // The conflict rule: the same peers, nodes and prefixes, but not the same localPref.
  ['equal localPrefs do not conflict', { sketch: { bgp: [by(100), by(100)] } }, ['tor 10.0.0.1/32 localPref=100']],
  ['set and unset do', { sketch: { bgp: [by(100), by(null)] } }, ['silent: conflictingAdvertisements']],
  ['the third of three does', { sketch: { bgp: [by(1), by(1), by(2)] } }, ['silent: conflictingAdvertisements']],
  [
    'different peers do not',
    { sketch: { peers: [core, tor], bgp: [by(100, to('core')), by(200, to('tor'))] } },
    ['core 10.0.0.1/32 localPref=100', 'tor 10.0.0.1/32 localPref=200'],
  ],
  [
    'one common peer does',
    { sketch: { bgp: [by(100, to('core', 'tor')), by(200, to('tor'))] } },
    ['silent: conflictingAdvertisements'],
  ],
  [
    'all peers meet every peer',
    { sketch: { bgp: [by(100, to('tor')), by(200)] } },
    ['silent: conflictingAdvertisements'],
  ],
  [
    'one for another node does not',
    { sketch: { bgp: [by(100), bgpAd(['n2'], { localPref: 200 })] } },
    ['tor 10.0.0.1/32 localPref=100'],
  ],
  [
    'one for other Services does not',
    { sketch: { bgp: [by(100), { ...selective, localPref: 200 }] } },
    ['tor 10.0.0.1/32 localPref=100'],
  ],
  [
    'one with serviceSelectors that match does',
    { service: service({ labels: { app: 'web' } }), sketch: { bgp: [by(100), { ...selective, localPref: 200 }] } },
    ['silent: conflictingAdvertisements'],
  ],
  [
    'a mixed pool wants both lengths different',
    { sketch: { bgp: [by(100), by(200, { aggregationLength: 24 })] } },
    ['silent: conflictingAdvertisements'],
  ],
  [
    'a mixed pool with both lengths different',
    { sketch: { bgp: [by(100), by(200, { aggregationLength: 24, aggregationLengthV6: 64 })] } },
    ['tor 10.0.0.1/32 localPref=100', 'tor 10.0.0.0/24 localPref=200'],
  ],
  [
    'the IPv6 length says nothing for an IPv4 pool',
    { sketch: { ...onlyFour, bgp: [by(100), by(200, { aggregationLengthV6: 64 })] } },
    ['silent: conflictingAdvertisements'],
  ],
  [
    'the IPv6 length alone counts for an IPv6 pool',
    {
      service: six,
      sketch: { ...onlySix, peers: [{ ...tor, ...overSix }], bgp: [by(1), by(2, { aggregationLengthV6: 64 })] },
    },
    ['tor 2001:db8::1/128 localPref=1', 'tor 2001:db8::/64 localPref=2'],
  ],
]
for (const [name, given, expected] of ROUTES) {
  test(`bgp routes: ${name}`, () => assert.deepEqual(rows(given), expected))
}
