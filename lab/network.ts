// SPDX-License-Identifier: Apache-2.0
/** One switch (a bridge) and hosts that are plugged into it by a cable (a veth pair) with eth0 at their end. */
import { run } from './command.ts'
import { Host, type HostPlan } from './host.ts'

const SWITCH = 'switch'

/** Builds the network in the current network namespace, which is the switch's own. Needs CAP_NET_ADMIN in it. */
export async function buildNetwork(plans: readonly HostPlan[]): Promise<Host[]> {
  await run(['sh', '-c', plans.map(({ name }) => `ip netns add ${name}`).join(' && ')])
  await run(['ip', '-batch', '-'], [bridge(), ...plans.map(cable)].join('\n'))
  await Promise.all(plans.map((plan) => configure(plan)))
  return plans.map((plan) => new Host(plan))
}

function bridge(): string {
  // mcast_snooping would swallow multicast until a querier shows up, and there is none.
  return `link add ${SWITCH} type bridge stp_state 0 mcast_snooping 0\nlink set ${SWITCH} up`
}

function cable({ name, mac }: HostPlan): string {
  return `link add ${name} type veth peer name eth0 address ${mac} netns ${name}\nlink set ${name} master ${SWITCH} up`
}

async function configure({ name, address, ownAddresses, routes, settings }: HostPlan): Promise<void> {
  const links = [
    `address add ${address}/24 dev eth0`,
    'link set lo up',
    'link set eth0 up',
    ...ownAddresses.map((own) => `address add ${own}/32 dev lo`),
    ...routes.map(({ to, via }) => `route add ${to} via ${via}`),
  ]
  await run(['ip', '-n', name, '-batch', '-'], links.join('\n'))
  const writes = Object.entries(settings).map(([key, value]) => `echo ${value} > /proc/sys/net/ipv4/${key}`)
  await run(['ip', 'netns', 'exec', name, 'sh', '-ec', writes.join('\n')])
}
