// SPDX-License-Identifier: Apache-2.0
/** Every block of the guides, and where its outcome is shown. guides.test.ts holds this table to what there is. */

/**
 * A test of guides-*-cases.ts whose title begins with the block's number, or of routers-*-cases.ts, on the wire; one
 * somewhere else; or why there is none.
 */
export type Place =
  | 'here'
  | 'wire'
  | Readonly<{ file: string; title: string }>
  | Readonly<{ later: string }>
  | Readonly<{ not: string }>
type Block = readonly [id: string, what: string, ...places: readonly Place[]]

/** How many blocks each guide has. */
export const COUNTS = [26, 23, 22, 13, 20] as const

const world = (title: string): Place => ({ file: 'test/worlds/guides.test.ts', title })
const later = (what: string): Place => ({ later: what })
const not = (why: string): Place => ({ not: why })

const INSTALLED: Place = {
  file: 'test/cluster/manifests.test.ts',
  title: 'one `kubectl apply -f` installs everything, without a warning',
}
const story = (title: string): Place => ({ file: 'lab/whole-cluster/cluster-story.ts', title })
const ADOPTED: Place = {
  file: 'test/cluster/switch-over.test.ts',
  title: 'everything is taken over as it stands, without a single write',
}
const CHART = later('the Helm chart')
const PROMETHEUS = later('rules and expressions, tried on Prometheus with the series of both programs')
const TOOLS = later('vtysh and ping to look around with in the Pods')
const KUBELETS = later('Pods that run: the guides on a whole cluster')
const CLUSTERS = later('three clusters at once, and a client in front of them')
const HEALTH: Place = {
  file: 'test/lab/health-cases.ts',
  title: 'it fails on the leader: the next one answers; passes again: it is back; fails everywhere: as without it',
}
const PARTITION: Place = {
  file: 'test/lab/failover-network-cases.ts',
  title: 'the switch is cut in two: each side answers for all; joined again, one owner within two seconds',
}

export const BLOCKS: readonly Block[] = [
  ['0.1', 'add a chart repository', CHART],
  ['0.2', 'install in cluster a', CHART],
  ['0.3', 'install in cluster b', CHART],
  ['0.4', 'install in cluster c', CHART],
  ['0.5', 'pool of cluster a', 'here', 'wire'],
  ['0.6', 'pool of cluster b', 'here'],
  ['0.7', 'pool of cluster c', 'here'],
  ['0.8', 'apply them', 'here'],
  ['0.9', 'routers of cluster a', 'here', 'wire'],
  ['0.10', 'routers of cluster b', 'here', 'wire'],
  ['0.11', 'routers of cluster c', 'here', 'wire'],
  ['0.12', 'apply them', 'here', 'wire'],
  ['0.13', 'external DNS', 'here'],
  ['0.14', 'nginx in front of the clusters', 'here', CLUSTERS],
  [
    '0.15',
    'its Service',
    'here',
    world('a global address that no pool holds is refused'),
    world('with a pool for it, it is given'),
  ],
  ['0.16', 'an application', 'here'],
  ['0.17', 'the same in all clusters', 'here'],
  ['0.18', 'a script that watches the clusters', 'here', CLUSTERS],
  ['0.19', 'Istio', 'here'],
  ['0.20', 'routing in Istio', 'here'],
  ['0.21', 'Prometheus of several clusters', 'here', PROMETHEUS],
  ['0.22', 'its dashboard', 'here', PROMETHEUS],
  ['0.23', 'failover between clusters', CLUSTERS],
  ['0.24', 'a session that does not come up', TOOLS, 'wire'],
  ['0.25', 'an address that is not announced', 'here'],
  ['0.26', 'from cluster to cluster', CLUSTERS],

  ['1.1', 'Namespace', 'here'],
  ['1.2', 'apply it', 'here'],
  ['1.3', 'Deployment of the controller', 'here', KUBELETS],
  ['1.4', 'DaemonSet of the speaker', 'here', KUBELETS, 'wire'],
  ['1.5', 'Secret of the member list', 'here'],
  ['1.6', 'layer 2', 'here', world('high availability on layer 2')],
  ['1.7', 'BGP', 'here', world('high availability by BGP: .0 is skipped, three nodes announce to two routers'), 'wire'],
  ['1.8', 'labels of nodes', 'here', 'wire'],
  ['1.9', 'where speakers run', 'here', KUBELETS],
  ['1.10', 'a Service', 'here', world('high availability on layer 2')],
  ['1.11', 'a node is cordoned and drained', 'here', story('the announcing speaker is deleted'), KUBELETS],
  ['1.12', 'without a controller', 'here'],
  ['1.13', 'a partition', 'here', PARTITION],
  ['1.14', 'variables of the member list', 'here'],
  ['1.15', 'metrics of sessions', 'here', 'wire'],
  ['1.16', 'a monitor', 'here', PROMETHEUS],
  ['1.17', 'alerts', PROMETHEUS],
  ['1.18', 'a dashboard', PROMETHEUS],
  ['1.19', 'a node for infrastructure', 'here'],
  ['1.20', 'disruption budgets', 'here', KUBELETS],
  ['1.21', 'resources', CHART],
  ['1.22', 'a script that checks health', 'here', 'wire'],
  ['1.23', 'commands to look around', 'here', KUBELETS],

  ['2.1', 'install from manifests', INSTALLED, ADOPTED],
  ['2.2', 'install by Helm', CHART],
  ['2.3', 'what is installed', 'here', story('the project is installed')],
  ['2.4', 'two pools', 'here'],
  ['2.5', 'apply them', 'here'],
  ['2.6', 'three peers', 'here', 'wire'],
  ['2.7', 'apply them', 'here'],
  ['2.8a', 'an advertisement', 'here', world('three routers, one advertisement'), 'wire'],
  ['2.8b', 'one that is wider than its pool', 'here', world('an aggregate wider than the pool is refused'), 'wire'],
  ['2.9', 'a peer for each node', 'here', world('a router for each node'), 'wire'],
  ['2.10', 'equal costs', 'here', world('ECMP: a second advertisement with equal localPref is no conflict'), 'wire'],
  ['2.11', 'equal costs on the router', 'wire'],
  [
    '2.12',
    'graceful restart',
    'here',
    world('graceful restart without its BFD profile holds the configuration back'),
    'wire',
  ],
  ['2.13', 'BFD', 'here', world('fast failover beside another peer on that address is refused'), 'wire'],
  ['2.14', 'what there is to look at', 'here', KUBELETS],
  ['2.15', 'a script that looks around', 'here', 'wire'],
  ['2.16', 'a session that does not come up', 'here', TOOLS, 'wire'],
  [
    '2.17',
    'an advertisement for some Services',
    'here',
    world('filtered beside the other one: accepted, and silent for its conflict'),
    'wire',
  ],
  ['2.18', 'one of them', 'here', 'wire', world('a filtered advertisement')],
  ['2.19', 'prepending', 'here', world('prepending alone: only router-3 hears of it'), 'wire'],
  ['2.20', 'a policy of the router', 'wire'],
  ['2.21', 'a pinned Service', 'here', world('a pinned Service announces from its endpoint only'), 'wire'],
  ['2.22', 'a router that fails', 'here', 'wire'],

  ['3.1', 'install from manifests', INSTALLED, ADOPTED],
  ['3.2', 'a pool and its advertisement', 'here', world('the basics')],
  ['3.3', 'apply them', 'here'],
  ['3.4', 'a Deployment', 'here'],
  ['3.5', 'apply it', 'here'],
  ['3.6', 'its Service', 'here', story('the client gets its pages')],
  ['3.7', 'apply it', 'here'],
  ['3.8', 'get services', 'here'],
  ['3.9', 'BGP', 'here', world('host names in peers: an address, and no router that sees it'), 'wire'],
  ['3.10', 'one interface', 'here', world('one interface')],
  ['3.11', 'a health check', 'here', HEALTH],
  ['3.12', 'an Ingress controller', 'here'],
  ['3.13', 'what there is to look at', 'here', KUBELETS],

  ['4.1', 'a drawing of the network', not('there is nothing to run')],
  ['4.2', 'a router of Cisco', not('no such router is here'), 'wire'],
  ['4.3', 'values of the chart', CHART],
  ['4.4', 'install by Helm', CHART],
  ['4.5', 'pools for both protocols', 'here', world('enterprise: pools for both protocols'), 'wire'],
  ['4.6', 'a primary and a secondary router', 'here', world('enterprise: a primary and a secondary router'), 'wire'],
  ['4.7', 'zones', 'here', world('enterprise: zones')],
  ['4.8', 'classes', 'here', world('enterprise: classes, frontends on their own node')],
  ['4.9', 'network policies', 'here', CHART],
  ['4.10', 'passwords of peers', 'here', 'wire'],
  ['4.11', 'a hardened speaker', 'here', KUBELETS],
  ['4.12', 'monitors', 'here', CHART, PROMETHEUS],
  ['4.13', 'a dashboard', PROMETHEUS],
  ['4.14', 'alerts', PROMETHEUS],
  ['4.15', 'frontends', 'here', world('enterprise: classes, frontends on their own node')],
  ['4.16', 'databases', 'here', world('enterprise: databases without the label of the pool')],
  ['4.17', 'a script that looks around', 'wire', TOOLS, CHART],
  ['4.18', 'a session that does not come up', TOOLS, 'wire'],
  ['4.19', 'layer 2 that does not answer', TOOLS, KUBELETS],
  ['4.20', 'a speaker with more resources', 'here', KUBELETS],
]
