// SPDX-License-Identifier: Apache-2.0
/** The guide to several clusters, one after the other. guides.test.ts runs this file; titles begin with the blocks' numbers. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { namespace } from '../../lab/cluster/objects.ts'
import { corrected, guide } from './guide-text.ts'
import { GuideWorld } from './guide-world.ts'

/** The guide writes the same thrice; cluster a stands in the files. */
const CLUSTERS = [
  { letter: 'a', range: '1-192.168.100.50', asn: '64500', localPref: '100', first: '1', chosen: '10' },
  { letter: 'b', range: '51-192.168.100.100', asn: '64502', localPref: '90', first: '51', chosen: '60' },
  { letter: 'c', range: '101-192.168.100.150', asn: '64503', localPref: '80', first: '101', chosen: '110' },
] as const
type Cluster = (typeof CLUSTERS)[number]

const poolOf = ({ letter, range }: Cluster) =>
  guide('0.5-clusters-pool.yaml').replaceAll('cluster-a', `cluster-${letter}`).replace('1-192.168.100.50', range)
const bgpOf = ({ letter, asn, localPref }: Cluster) =>
  guide('0.9-clusters-bgp.yaml')
    .replaceAll('cluster-a', `cluster-${letter}`)
    .replaceAll('64500', asn)
    .replace('localPref: 100', `localPref: ${localPref}`)
const demoOf = ({ letter }: Cluster) =>
  guide('0.16-demo-app.yaml').replaceAll('cluster-a-pool', `cluster-${letter}-pool`)

/** Added where a guide has a pool for the clusters' global address. */
const GLOBAL_POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: global-lb-pool, namespace: metallb-system }
spec: { addresses: [192.168.100.200/32] }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: global-lb, namespace: metallb-system }
spec: { ipAddressPools: [global-lb-pool] }
`
let world: GuideWorld

before(async () => {
  world = await GuideWorld.open()
  const nodes = [1, 2, 3].map((at) => [`node-${at}`, { address: `10.0.0.1${at}` }] as const)
  await world.addNodes(Object.fromEntries(nodes))
  await world.startController()
})
after(async () => await world.close())

for (const cluster of CLUSTERS) {
  const { letter, first, chosen } = cluster

  test(`0.5, 0.6, 0.7, 0.8: the pool of cluster ${letter}`, async () => {
    await world.clear()
    const { stdout } = await world.applied(poolOf(cluster))
    const [pool, advertisement] = [`cluster-${letter}-pool`, `cluster-${letter}-l2`]
    assert.match(
      stdout,
      new RegExp(`^ipaddresspool.metallb.io/${pool} created\nl2advertisement.*/${advertisement} created$`, 'm'),
    )
    await world.available({ [pool]: 50 })
    const { stdout: shown } = await world.kubectl('get', 'ipaddresspools', '-n', 'metallb-system')
    assert.match(
      shown,
      new RegExp(`^NAME +AUTO ASSIGN +AVOID BUGGY IPS +ADDRESSES\n${pool} +true +false +\\["192\\.168\\.100\\.`),
    )
  })

  test(`0.9, 0.10, 0.11, 0.12: the routers of cluster ${letter}, their profile last`, async () => {
    const { stdout } = await world.applied(bgpOf(cluster))
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'bgppeer.metallb.io/router-1 created',
      'bgppeer.metallb.io/router-2 created',
      `bgpadvertisement.metallb.io/cluster-${letter}-advertisement created`,
      'bfdprofile.metallb.io/production created',
    ])
    await world.configured('Valid')
  })

  test(`0.16, 0.17: the application of cluster ${letter} gets the first address of its pool`, async () => {
    await world.applied(demoOf(cluster))
    assert.equal(await world.addressOf('demo-app'), `192.168.100.${first}`)
    await world.events('demo-app', ['Normal IPAllocated 1', 'Warning deprecatedAnnotation 1'])
  })

  test(`0.16, 0.17: cluster ${letter}, with an address that it chooses`, async () => {
    const choice = `$&\n    metallb.universe.tf/loadBalancerIPs: 192.168.100.${chosen}`
    await world.applied(corrected(demoOf(cluster), /^ {4}metallb\.universe\.tf\/address-pool: .*/m, choice))
    await world.holds('demo-app', `192.168.100.${chosen}`)
  })
}

test('0.25: what there is to look at when an address is not announced', async () => {
  const pools = await world.kubectl('get', 'ipaddresspools', '-n', 'metallb-system', '-o', 'yaml')
  assert.match(pools.stdout, /^ {4}- 192\.168\.100\.101-192\.168\.100\.150$/m)
  const template =
    '{range .items[?(@.spec.type=="LoadBalancer")]}{.metadata.namespace}/{.metadata.name}: {.status.loadBalancer.ingress[0].ip}{"\\n"}{end}'
  const { status, stdout } = await world.kubectl('get', 'services', '-A', '-o', `jsonpath=${template}`)
  assert.deepEqual([status, stdout], [0, 'default/demo-app: 192.168.100.110\n'])
})

test('0.5, 0.6, 0.7: all three in one cluster do not overlap', async () => {
  await world.clear()
  await world.applied(CLUSTERS.map(poolOf).join('---\n'))
  await world.available({ 'cluster-a-pool': 50, 'cluster-b-pool': 50, 'cluster-c-pool': 50 })
  await world.configured('Valid')
})

test('0.13: an external DNS', async () => {
  assert.equal((await world.applied(guide('0.13-external-dns.yaml'))).stdout.trimEnd().split('\n').length, 4)
})

test('0.15: an address of no pool is refused, in events and condition', async () => {
  await world.clear()
  await world.applied(poolOf(CLUSTERS[0]))
  await world.applied(guide('0.15-global-lb.yaml'))
  await world.assigned('global-lb', 'False addressInNoPool', 'global-lb')
  await world.events('global-lb', ['Warning AllocationFailed 1'], 'global-lb')
})

test('0.15: with a pool for it, it is given, and the old annotation told once', async () => {
  await world.applied(GLOBAL_POOL)
  assert.equal(await world.addressOf('global-lb', 'global-lb'), '192.168.100.200')
  await world.assigned('global-lb', 'True Assigned', 'global-lb')
  const all = ['Warning AllocationFailed 1', 'Normal IPAllocated 1', 'Warning deprecatedAnnotation 1']
  await world.events('global-lb', all, 'global-lb')
})

test('0.14, 0.18: files of other programs, for which their namespace has to be there', async () => {
  const nginx = guide('0.14-nginx-global-lb.yaml')
  const { status, stderr } = await world.apply(corrected(nginx, 'namespace: global-lb', 'namespace: forgotten'))
  assert.equal(status, 1)
  assert.match(stderr, /namespaces "forgotten" not found/)
  await world.applied(nginx)
  await world.applied(guide('0.18-health-check.yaml'))
})

test('0.19, 0.20: kinds of Istio are nobody’s here', async () => {
  for (const [name, kind] of [
    ['0.19-istio-operator.yaml', 'IstioOperator'],
    ['0.20-istio-traffic.yaml', 'VirtualService'],
  ] as const) {
    const { status, stderr } = await world.apply(guide(name))
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`no matches for kind "${kind}" in version "[a-z.]*istio.io/`))
  }
})

test('0.21, 0.22: what Prometheus and Grafana read', async () => {
  await world.client.create(namespace('monitoring'))
  await world.applied(guide('0.21-prometheus.yaml'))
  await world.applied(guide('0.22-grafana.yaml'))
  const dashboard = ['configmap', 'metallb-multicluster-dashboard', '-n', 'monitoring', '-o', 'json']
  const { data } = JSON.parse((await world.kubectl('get', ...dashboard)).stdout)
  assert.equal(JSON.parse(data['metallb-multicluster.json']).dashboard.panels.length, 4)
})
