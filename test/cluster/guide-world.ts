// SPDX-License-Identifier: Apache-2.0
/**
 * A cluster in which the guides' blocks are tried: a real API server, the installation as `kubectl apply -f` makes it, a
 * controller with the rights of its service account and its webhooks on, and kubectl as a user has it.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { ApiClient, Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, inParallel } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode } from '../../lab/cluster/objects.ts'
import { observed, observedAll } from '../../lab/cluster/observe.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { ip, makeWire } from '../lab/wire-namespace.ts'
import { conditionOf, ipOf } from './controller-stage.ts'
import { corrected } from './guide-text.ts'

const INSTALLATION = join(import.meta.dirname, '../../deploy/manifests/metallb-native.yaml')
/** Of this network namespace, where controllers serve their webhooks; nodes have others. */
export const ADDRESS = '172.31.0.1'
const WEBHOOK_PORT = 9443
const OURS = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
/** What uses goes before what is used: a BFDProfile in use is not deleted. */
const KINDS = ['l2advertisements', 'bgpadvertisements', 'bgppeers', 'communities', 'ipaddresspools', 'bfdprofiles']
const PATIENCE_MS = 60_000
const SILENT = ['--port=0', '--health-probe-port=0']

export type Outcome = Readonly<{ status: number; stdout: string; stderr: string }>
type Labels = Readonly<Record<string, string>>
export type StartOptions = Readonly<{
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Where it can be asked; the default is one of its own. */
  runDirectory?: string
}>

export class GuideWorld {
  readonly server: ApiServer
  readonly client: ApiClient
  readonly programs: ClusterProgram[] = []
  readonly #env: NodeJS.ProcessEnv

  constructor(server: ApiServer) {
    this.server = server
    this.client = server.client
    const directory = scratchDirectory('kubectl')
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(kubeconfig, corrected(readFileSync(server.kubeconfig, 'utf8'), 'metallb-system', 'default'))
    this.#env = {
      ...process.env,
      PATH: [dirname(server.kubectl), process.env['PATH'] ?? ''].join(delimiter),
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(directory, 'cache'),
    }
  }

  /**
   * Starts the API server and installs; nothing of ours runs yet. This process has a network namespace of its own.
   * `isWired`: the address of that one is there already, and the API server is to listen at it, too.
   */
  static async open({ isWired = false }: { isWired?: boolean } = {}): Promise<GuideWorld> {
    if (!isWired) {
      ip('link', 'set', 'lo', 'up')
      makeWire('eth0', 'far')
      ip('address', 'add', `${ADDRESS}/24`, 'dev', 'eth0')
    }
    // There is no kube-proxy: the API server calls the webhooks at the Service's endpoint itself.
    const flags = { 'enable-aggregator-routing': 'true' }
    const server = await startApiServer({ audit: false, flags, ...(isWired && { address: ADDRESS }) })
    const world = new GuideWorld(server)
    const { status, stderr } = await world.install()
    assert.equal(status, 0, stderr)
    await apply(server.client, [WEBHOOK_ENDPOINT])
    return world
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.map(async (program) => await program.kill()))
    await this.server.stop()
  }

  /** Creates ready Nodes that own these addresses. */
  async addNodes(nodes: Readonly<Record<string, Readonly<{ address: string; labels?: Labels }>>>): Promise<void> {
    await inParallel(Object.entries(nodes), 4, async ([name, node]) => await createNode(this.client, name, node))
  }

  /** Starts a controller; resolves when it leads and its webhooks are called. */
  async startController(options: StartOptions = {}): Promise<ClusterProgram> {
    const program = this.start('controller', options)
    await program.said('webhooks are ready', PATIENCE_MS)
    await program.said('leading', PATIENCE_MS)
    await this.webhooksAnswer()
    return program
  }

  /** Starts a program with the rights of its service account. */
  start(name: 'controller' | 'speaker', { args = SILENT, env = {}, ...rest }: StartOptions = {}): ClusterProgram {
    const runDirectory = rest.runDirectory ?? scratchDirectory(name)
    const own = ['--kubeconfig', this.server.kubeconfigFor(name), '--run-dir', runDirectory]
    const program = new ClusterProgram([name, ...own, ...args], { env })
    this.programs.push(program)
    return program
  }

  /** The installation, as its guide has it. */
  async install(): Promise<Outcome> {
    return await this.kubectl('apply', '-f', INSTALLATION)
  }

  async kubectl(...args: readonly string[]): Promise<Outcome> {
    return await this.run([this.server.kubectl, ...args])
  }

  /** `kubectl apply -f -` of this text. */
  async apply(text: string): Promise<Outcome> {
    return await this.run([this.server.kubectl, 'apply', '-f', '-'], text)
  }

  /** The same, where nothing is to be refused. */
  async applied(text: string): Promise<Outcome> {
    const outcome = await this.apply(text)
    assert.equal(outcome.status, 0, outcome.stderr)
    return outcome
  }

  /** What a guide gives as a part of a DaemonSet, as a patch for the installed one. */
  async patchSpeaker(text: string): Promise<Outcome> {
    const file = join(scratchDirectory('patch'), 'patch.yaml')
    writeFileSync(file, text)
    const place = ['daemonset', 'speaker', '-n', 'metallb-system']
    return await this.kubectl('patch', ...place, '--type', 'strategic', '--patch-file', file)
  }

  /** A command as the user would give it, with kubectl in its path, to its end. */
  async run([program = '', ...args]: readonly string[], input = ''): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const child = execFile(program, args, { env: this.#env, timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
    child.stdin?.on('error', () => {}) // a command that ends early says why on stderr
    child.stdin?.end(input)
    return await promise
  }

  /** Resolves with the first address of a Service when it has one. */
  async addressOf(name: string, namespace = 'default'): Promise<string> {
    const place = { path: `/api/v1/namespaces/${namespace}/services`, name }
    return ipOf(await observed(this.client, place, (service) => ipOf(service) !== '', `${name} has an address`))
  }

  /** Resolves when a Service of the default namespace has this address. */
  async holds(name: string, address: string): Promise<void> {
    const place = { path: '/api/v1/namespaces/default/services', name }
    await observed(this.client, place, (service) => ipOf(service) === address, `${name} has ${address}`)
  }

  /** Resolves with the Service when its condition AddressAssigned is `status reason`. */
  async assigned(name: string, condition: string, namespace = 'default'): Promise<Manifest | undefined> {
    const place = { path: `/api/v1/namespaces/${namespace}/services`, name }
    return await observed(this.client, place, (service) => conditionOf(service) === condition, `${name}: ${condition}`)
  }

  /** Resolves when the events about a Service are these, as `type reason count`, in any order. */
  async events(name: string, expected: readonly string[], namespace = 'default'): Promise<void> {
    const { metadata } = await this.client.get(`/api/v1/namespaces/${namespace}/services/${name}`)
    const selector = encodeURIComponent(`involvedObject.uid=${metadata.uid}`)
    const wanted = sorted(expected)
    await observedAll(this.client, `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`, {
      holds: (events) => sorted([...events.values()].map(eventText)) === wanted,
      what: `the events of ${name} are ${expected.join(', ')}`,
    })
  }

  /** Resolves with the controller's ConfigurationState when its result is this one and its summary has these words. */
  async configured(result: 'Valid' | 'Invalid', ...words: readonly string[]): Promise<void> {
    const place = { path: `${OURS}/configurationstates`, name: 'controller' }
    const holds = (state: Manifest | undefined) => {
      const status = fieldAt(state, 'status')
      const summary = JSON.stringify(fieldAt(status, 'errorSummary') ?? '')
      return fieldAt(status, 'result') === result && words.every((word) => summary.includes(word))
    }
    await observed(this.client, place, holds, `the configuration is ${result}: ${words.join(', ')}`)
  }

  /** Resolves when these pools, and no others, say that they have this many IPv4 addresses to give. */
  async available(expected: Readonly<Record<string, number>>): Promise<void> {
    const wanted = sorted(Object.entries(expected).map(([name, count]) => `${name} ${count}`))
    const holds = (pools: ReadonlyMap<string, Manifest>) => sorted([...pools.values()].map(poolText)) === wanted
    await observedAll(this.client, `${OURS}/ipaddresspools`, { holds, what: `pools have ${wanted} addresses left` })
  }

  /** Makes room for the next world: no objects of ours, no LoadBalancer Services, no events. */
  async clear(): Promise<void> {
    const services = await this.client.list('/api/v1/services?fieldSelector=spec.type=LoadBalancer')
    await inParallel(services.items, 8, async ({ metadata: { namespace, name } }) => {
      await this.client.request('DELETE', `/api/v1/namespaces/${namespace}/services/${name}`)
    })
    for (const kind of KINDS) await this.client.request('DELETE', `${OURS}/${kind}`)
    await this.client.request('DELETE', '/api/v1/namespaces/default/events')
  }

  /** Resolves when the API server calls them: it has learnt of their endpoint and of their authority. */
  async webhooksAnswer(): Promise<void> {
    const body = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', spec: { addresses: ['x'] } }
    const deadlineMs = performance.now() + PATIENCE_MS
    for (let said = ''; !said.includes('denied the request'); ) {
      assert.ok(performance.now() < deadlineMs, `the webhooks are not called: ${said}`)
      const object = { ...body, metadata: { name: 'nonsense', namespace: 'metallb-system' } }
      const answer = await this.client.send('POST', `${OURS}/ipaddresspools?dryRun=All`, { body: object })
      said = String(fieldAt(answer.body, 'message'))
    }
  }
}

function sorted(lines: readonly string[]): string {
  return lines.toSorted().join(', ')
}

function poolText(pool: Manifest): string {
  return `${pool.metadata.name} ${String(fieldAt(pool, 'status', 'availableIPv4'))}`
}

function eventText(event: Manifest): string {
  return `${String(event['type'])} ${String(event['reason'])} ${String(event['count'])}`
}

const WEBHOOK_ENDPOINT: Manifest = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'metallb-webhook-service',
    namespace: 'metallb-system',
    labels: { 'kubernetes.io/service-name': 'metallb-webhook-service' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'webhook', protocol: 'TCP', port: WEBHOOK_PORT }],
  endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
}
