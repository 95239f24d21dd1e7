// SPDX-License-Identifier: Apache-2.0
/** The scripts and commands of the guide to several routers, run as they are written. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { readText } from '../../lab/read-text.ts'
import { guide } from './guide-text.ts'
import { runScript } from './routers-kubectl.ts'
import { scene } from './routers-open.ts'
import type { HostName } from './routers-scene.ts'
import { becomes, kubectl, routesAre, sessionId, sessionsAre } from './routers-sights.ts'
import * as worlds from './routers-worlds.ts'

const { world } = scene
const { atAll, SERVICE_ROUTE, SYSTEM } = worlds
const SCRIPTS = join(import.meta.dirname, 'guides')
const PAGE = "require('node:http').createServer((_, answer) => answer.end('page')).listen(80, '192.168.1.240')"
/** A client's network, behind router-1, on the same cable. */
const [CLIENT, GATEWAY] = ['10.9.9.9/24', '10.9.9.1']
const seen = atAll([`${SERVICE_ROUTE} node-1 [64500] 64500:100`])
const lines = (text: string) => text.trimEnd().split('\n')

test('2.16, 0.24: what commands print of sessions, in the Pods of speakers and of the controller', async () => {
  await worlds.serve(guide('2.6-peers.yaml'))
  await routesAre(scene, seen)
  const summary = await scene.inPod('node-1', 'vtysh', '-c', 'show bgp summary')
  assert.deepEqual([summary.status, summary.stderr], [0, ''])
  for (const at of [1, 2, 3]) assert.match(summary.stdout, new RegExp(`^192\\.168\\.1\\.${at} +4 +64501 .*`, 'm'))
  const planned = await scene.inPod('controller', 'vtysh', '-c', 'show ip bgp')
  assert.deepEqual([planned.status, planned.stderr], [0, ''])
  for (const word of ['192.168.1.240/32', 'plan', 'node-1']) assert.ok(planned.stdout.includes(word), planned.stdout)
  await scene.speaker('node-1').said(({ msg }) => msg.includes('announcing'))
  const { stdout } = await world.kubectl('describe', 'bgppeer', ...SYSTEM, 'router-1')
  assert.match(stdout, /^Events:\n(?:.*\n)*.*BGPSessionUp/m)
})

test('2.16, 0.24: as they are written, with the last lines of logs', async () => {
  const commands = [
    'kubectl logs -n metallb-system -l component=controller | grep -i "bgp"',
    'kubectl exec -n metallb-system deploy/controller -- vtysh -c "show ip bgp"',
    'kubectl logs -n metallb-system -l component=speaker | grep "announcing"',
    'kubectl logs -n metallb-system -l component=speaker | grep -i "bgp"',
    'kubectl exec -n metallb-system ds/speaker -- vtysh -c "show bgp summary"',
  ]
  for (const text of commands) {
    const { status, stdout, stderr } = await runScript(scene, { host: 'client', text })
    assert.equal(status, 0, `${text}: ${stderr}`)
    assert.notEqual(stdout, '')
  }
})

test('2.15: the script that looks around shows what became of sessions', async () => {
  const { status, stdout } = await world.run(['bash', join(SCRIPTS, '2.15-monitor.sh')])
  assert.equal(status, 0)
  const [, events = ''] = stdout.split('Recent BGP Events:\n')
  assert.match(events, /\bBGPSessionUp\b.*bgppeer\/router-\d/)
  for (const at of [1, 2, 3]) assert.match(stdout, new RegExp(`^router-${at} +64500 +192\\.168\\.1\\.${at}$`, 'm'))
  assert.match(stdout, /^default +critical-service +192\.168\.1\.240$/m)
  assert.match(stdout, /addresses:\n *- 192\.168\.1\.240-192\.168\.1\.250$/m)
})

const within = async (name: HostName, commands: readonly string[]) =>
  await scene.host(name).run(['ip', '-batch', '-'], `${commands.join('\n')}\n`)

/** The node answers for the address as kube-proxy has it, and the client asks by router-1, which falls back on router-2. */
async function wireClient(): Promise<void> {
  await scene.host('node-1').run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore'])
  await within('node-1', ['address add 192.168.1.240/32 dev lo', `route add 10.9.9.0/24 via 192.168.1.1`])
  await within('router-1', [`address add ${GATEWAY}/24 dev eth0`, 'route add 192.168.1.240/29 via 192.168.1.2'])
  await within('router-2', ['route add 10.9.9.0/24 via 192.168.1.1'])
  await within('client', [`address add ${CLIENT} dev eth0`, `route add 192.168.1.0/24 via ${GATEWAY}`])
}

/**
 * A `sleep` that takes the script's half minutes for what they stand for, "until the change has had its effect": it goes on
 * when the test has seen that. Other pauses are as long as they say; there is one after each time that the script has asked.
 */
function makeSleep(): { directory: string; asked(): number; begun(at: number): boolean; end(at: number): void } {
  const directory = scratchDirectory('sleep')
  const file = (name: string, at: number) => join(directory, `${name}-${at}`)
  const program = `#!/bin/sh
[ "$1" = 30 ] || { echo >> "${directory}/asked"; exec /bin/sleep "$1"; }
at=1; while [ -e "${directory}/begun-$at" ]; do at=$((at + 1)); done
: > "${directory}/begun-$at"
while [ ! -e "${directory}/end-$at" ]; do /bin/sleep 0.05; done
`
  writeFileSync(join(directory, 'sleep'), program)
  chmodSync(join(directory, 'sleep'), 0o755)
  return {
    directory,
    asked: () => (readText(join(directory, 'asked')) ?? '').length,
    begun: (at) => existsSync(file('begun', at)),
    end: (at) => writeFileSync(file('end', at), ''),
  }
}

const nextHop = async () => await scene.host('router-1').run(['ip', 'route', 'get', '192.168.1.240'])

test('2.22: the script that leads a peer astray: one session closes and returns, and the client is served', async () => {
  await wireClient()
  const server = scene.host('node-1').spawn([process.execPath, '-e', PAGE], 'pipe')
  try {
    const ask = ['curl', '-s', '--max-time', '2', 'http://192.168.1.240/']
    const fetched = async () =>
      (await scene
        .host('client')
        .run(ask)
        .catch(() => '')) === 'page'
    await becomes('the client is served', fetched)
    const [others, first] = [await sessionIds(), await sessionId(scene, 'router-1', 'node-1')]
    const sleep = makeSleep()
    const script = `PATH=$0${delimiter}$PATH exec bash "$1"`
    const byClient = ['ip', 'netns', 'exec', 'client', 'bash', '-c', script, sleep.directory]
    const running = world.run([...byClient, join(SCRIPTS, '2.22-failover.sh')])
    await becomes('the script has led router-1 astray', async () => sleep.begun(1))
    await sessionsAre(scene, { 'router-1': [], 'router-2': ['node-1'] })
    await becomes('router-1 falls back', async () => (await nextHop()).includes('via 192.168.1.2 '))
    assert.ok(await fetched())
    const asked = sleep.asked()
    await becomes('the script has asked by the other way', async () => sleep.asked() >= asked + 2)
    const said = scene
      .speaker('node-1')
      .lines.findLast(({ event, name }) => event === 'sessionDown' && name === 'router-1')
    assert.match(String(said?.msg), /^session down: /)
    assert.match(scene.router('router-1').log(), /NOTIFICATION: received from neighbor 192\.168\.1\.10 6\/\d+ \(Cease/)
    sleep.end(1)
    await becomes('the script has led it back', async () => sleep.begun(2))
    await sessionsAre(scene, { 'router-1': ['node-1'] })
    await becomes('router-1 has its own route', async () => (await nextHop()).includes('via 192.168.1.10 '))
    sleep.end(2)
    const { status, stdout } = await running
    assert.equal(status, 0)
    assert.equal(lines(stdout).at(-1), 'Failover test complete')
    assert.equal(lines(stdout).filter((line) => line === 'bgppeer.metallb.io/router-1 patched').length, 2)
    assert.doesNotMatch(stdout, /Service UNREACHABLE/)
    assert.ok(lines(stdout).filter((line) => line.endsWith('Service reachable')).length >= 2, stdout)
    assert.deepEqual(await sessionIds(), others)
    assert.notEqual(await sessionId(scene, 'router-1', 'node-1'), first)
  } finally {
    server.kill('SIGKILL')
    await within('node-1', ['address delete 192.168.1.240/32 dev lo'])
    await within('router-1', ['route delete 192.168.1.240/29 via 192.168.1.2'])
  }
})

const sessionIds = async () =>
  await Promise.all((['router-2', 'router-3'] as const).map(async (name) => await sessionId(scene, name, 'node-1')))

test('2.15: and after such a change the events name it', async () => {
  const events = await kubectl(scene, 'get', 'events', ...SYSTEM)
  assert.match(events, /\bBGPSessionDown\b.*bgppeer\/router-1\b/)
})
