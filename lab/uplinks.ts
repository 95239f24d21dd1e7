// SPDX-License-Identifier: Apache-2.0
/** The routers at work: which program they are, their cables to the client, how one is cut off and comes back. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../src/lib/fault.ts'
import { run, SEARCH_PATH } from './command.ts'
import type { Host } from './host.ts'
import { Bird } from './routers/bird.ts'
import { Frr } from './routers/frr.ts'
import type { RouterPlan } from './routers/router.ts'
import { routerPlan, UPLINK_PLANS, type UplinkKind, type UplinkPlan } from './uplink-plans.ts'

/** In the sandbox's own /run: FRR's daemons are users of their own, who may not enter the directory of the run. */
const FILES = '/run/routers'
/** Only a router forwards to these; no host of the switch has one. */
export const BGP_RANGE = '198.51.100.0/24'

/** A router as the story sees it. */
export class Uplink {
  readonly plan: UplinkPlan
  readonly router: Frr | Bird
  readonly #told: RouterPlan

  constructor(plan: UplinkPlan, router: Frr | Bird, told: RouterPlan) {
    this.plan = plan
    this.router = router
    this.#told = told
  }

  get name(): string {
    return this.plan.name
  }

  async start(): Promise<void> {
    await this.router.start(this.#told)
  }

  /** As if its power were cut: it says nothing to anybody, and whoever has a cable to it sees that go dark. */
  async cutOff(): Promise<void> {
    await this.#links('down', ['eth0', 'client'])
    await this.router.stop('SIGKILL')
  }

  /** It starts anew. Its port to the client stays dark, as it knows no routes yet. */
  async restart(): Promise<void> {
    await this.#links('up', ['eth0'])
    await this.start()
  }

  /** The client may come again. */
  async openPort(): Promise<void> {
    await this.#links('up', ['client'])
  }

  /** A command that shows its routes. */
  get question(): string {
    const files = join(FILES, this.name)
    if (this.router.kind === 'bird') return `birdc -s ${files}/bird.ctl show route all`
    return `vtysh --vty_socket ${files} -c 'show bgp ipv4 unicast'`
  }

  /** Program and version, as it says itself. */
  async version(): Promise<string> {
    const says = await this.router.command(this.router.kind === 'frr' ? 'show version' : 'show status')
    return /(?:FRRouting|BIRD) [\d.]+/.exec(says)?.[0] ?? this.router.kind
  }

  /** Addresses of the neighbours with which BFD is up, as it says itself. */
  async bfdPeers(): Promise<readonly string[]> {
    if (this.router instanceof Frr) {
      const peers: { peer: string; status: string }[] = JSON.parse(await this.router.ask('bfdd', 'show bfd peers json'))
      return peers.filter(({ status }) => status === 'up').map(({ peer }) => peer)
    }
    const lines = (await this.router.command('show bfd sessions')).split('\n')
    return lines.flatMap((line) => /^(\S+) +\S+ +Up /.exec(line)?.[1] ?? [])
  }

  /** The next hops that its kernel has for a prefix. */
  async nextHops(prefix: string): Promise<readonly string[]> {
    const text = await this.router.host.run(['ip', '-j', 'route', 'show', prefix])
    const routes: { gateway?: string; nexthops?: { gateway: string }[] }[] = JSON.parse(text)
    return routes.flatMap(({ gateway, nexthops }) => nexthops?.map((hop) => hop.gateway) ?? gateway ?? [])
  }

  async #links(state: 'up' | 'down', names: readonly string[]): Promise<void> {
    const { host } = this.router
    await run(['ip', '-n', host.name, '-batch', '-'], names.map((name) => `link set ${name} ${state}`).join('\n'))
  }
}

/** The routers on these hosts, yet to be started. Throws a Fault where the program that is asked for cannot run. */
export async function prepareUplinks(
  hosts: readonly Host[],
  nodes: readonly Host[],
  asked: UplinkKind | undefined,
): Promise<Uplink[]> {
  const kind = await chooseKind(asked)
  return hosts.flatMap((host) => {
    const plan = UPLINK_PLANS.find(({ name }) => name === host.name)
    if (!plan) return []
    const place = { host, directory: join(FILES, host.name), name: host.name }
    const router = kind === 'frr' ? new Frr(place, ['zebra', 'bfdd']) : new Bird(place)
    return [
      new Uplink(
        plan,
        router,
        routerPlan(
          kind,
          plan,
          nodes.map((node) => node.plan),
        ),
      ),
    ]
  })
}

/** Starts all of them, and plugs the client in. */
export async function startUplinks(uplinks: readonly Uplink[], client: Host): Promise<void> {
  // FRR keeps what a crash would need there, wherever its other files are.
  await run(['mount', '-t', 'tmpfs', 'lab', '/var/tmp'])
  for (const { name } of uplinks) {
    mkdirSync(join(FILES, name), { recursive: true })
    chmodSync(join(FILES, name), 0o755)
  }
  for (const { plan } of uplinks) await plugIn(plan, client)
  await Promise.all(uplinks.map((uplink) => uplink.start()))
}

/** The client knows two ways, as a host with two gateways: it takes the second while the cable to the first is dark. */
async function plugIn({ name, cable }: UplinkPlan, client: Host): Promise<void> {
  if (!cable) return
  const routerEnd = ['link set client up', `address add ${cable.router}/24 dev client`]
  const clientEnd = [
    `link set ${name} up`,
    `address add ${cable.client}/24 dev ${name}`,
    `route add ${BGP_RANGE} via ${cable.router} metric ${cable.metric}`,
  ]
  await client.run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'client', 'netns', name])
  await run(['ip', '-n', name, '-batch', '-'], routerEnd.join('\n'))
  await run(['ip', '-n', client.name, '-batch', '-'], clientEnd.join('\n'))
  const setting = `/proc/sys/net/ipv4/conf/${name}/ignore_routes_with_linkdown`
  await client.run(['sh', '-ec', `echo 1 > ${setting}`])
}

/** FRR where it is installed and may become its own user, which it insists on; else BIRD. */
async function chooseKind(asked: UplinkKind | undefined): Promise<UplinkKind> {
  if (asked !== 'bird' && (await canRunFrr())) return 'frr'
  if (asked !== 'frr' && isInstalled('bird') && isInstalled('birdc')) return 'bird'
  const missing =
    asked === 'frr'
      ? 'FRR is not installed (apt-get install frr), or cannot become its own user, as in a user namespace.'
      : 'The lab needs a router: apt-get install bird2 (or frr, which works as root only).'
  throw new Fault({ code: 'toolMissing' }, missing)
}

async function canRunFrr(): Promise<boolean> {
  const programs = ['bgpd', 'zebra', 'bfdd'].map((name) => `/usr/lib/frr/${name}`)
  if (!isInstalled('vtysh') || !programs.every((file) => existsSync(file))) return false
  return await run(['setpriv', '--reuid', 'frr', '--clear-groups', 'true']).then(
    () => true,
    () => false,
  )
}

function isInstalled(tool: string): boolean {
  return SEARCH_PATH.split(':').some((folder) => existsSync(join(folder, tool)))
}
