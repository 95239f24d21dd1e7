// SPDX-License-Identifier: Apache-2.0
/** Neighbour discovery against the kernel and its tools; wire-ndp.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { encode as encodeArp, gratuitous } from '../../src/l2/arp.ts'
import { decode, encode, type Solicitation, solicitedNode, unsolicited } from '../../src/l2/ndp.ts'
import { Client } from './wire-client.ts'
import { enableIpv6, freeze, ip, macOf, sleep, type Tap, until } from './wire-namespace.ts'
import { cleanUps, startResponder, startTap, wire } from './wire-running.ts'

const execute = promisify(execFile)
const VIP = '2001:db8::1'
const STATION = '02:00:00:00:00:ff'
const CLIENT = '2001:db8::9/64'

/** A wire whose near end speaks IPv6. */
function wire6(near: string, far: string): void {
  wire(near, far)
  enableIpv6(near)
}

const question = (fields: Partial<Solicitation> = {}): Uint8Array =>
  encode({
    type: 'solicitation',
    ...solicitedNode(VIP),
    source: STATION,
    sourceIp: '2001:db8::99',
    target: VIP,
    linkLayer: STATION,
    ...fields,
  })
/** Advertisements of the address among what a station heard. */
const advertisements = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => decode(frame)).filter((f) => 'type' in f && f.type === 'advertisement' && f.target === VIP)

async function isAnswered(tap: Tap): Promise<boolean> {
  tap.take()
  tap.send(question())
  const heard = advertisements(await tap.settle())
  return heard.some((frame) => 'destination' in frame && frame.destination === STATION)
}

test('a kernel keeps its entry through ageing: every probe is answered, and no packet is lost', async () => {
  const client = await Client.open()
  wire6('near', 'far')
  const mac = macOf('near')
  client.take('far', CLIENT)
  const short = ['base_reachable_time_ms=200', 'delay_first_probe_time=1', 'retrans_time_ms=200']
  client.run('sysctl', '-qw', ...short.map((setting) => `net.ipv6.neigh.far.${setting}`))
  await startResponder([VIP])
  const tap = await startTap('near')
  const states = new Set<string>()
  const watching = setInterval(() => states.add(client.neighbor(VIP).trim().split(' ').at(-1) ?? ''), 50)
  cleanUps.push(() => clearInterval(watching))
  const talk = `const s = require('node:dgram').createSocket('udp6'); let n = 0
    const t = setInterval(() => { s.send('x', 9, '${VIP}', () => { if (n === 300) s.close() }); if (++n === 300) clearInterval(t) }, 20)`
  await execute('nsenter', client.command(process.execPath, '-e', talk))
  clearInterval(watching)
  const frames = await tap.settle()
  assert.equal(frames.filter((frame) => frame[12] === 0x86 && frame[20] === 17).length, 300, 'datagrams that arrived')
  const asked = frames.map((frame) => decode(frame)).filter((f) => 'type' in f && f.type === 'solicitation')
  const probes = asked.filter((f) => 'destinationIp' in f && f.destinationIp === VIP && f.destination === mac)
  assert.ok(probes.length >= 3, `${probes.length} probes sent to us alone`)
  assert.ok(states.has('REACHABLE') && !states.has('FAILED') && !states.has('INCOMPLETE'), [...states].join())
  assert.match(client.neighbor(VIP), new RegExp(`lladdr ${mac} `))
})

test('a kernel that has the address at another station hears the announcement and comes to us', async () => {
  const client = await Client.open()
  wire6('near', 'far')
  const mac = macOf('near')
  client.take('far', CLIENT)
  client.run('ip', 'neigh', 'replace', VIP, 'lladdr', STATION, 'dev', 'far', 'nud', 'reachable')
  await startResponder([VIP])
  await until(() => client.neighbor(VIP).includes(`lladdr ${mac}`), 'the new neighbour entry')
})

test('a kernel that takes our address finds that it is taken, and we hear of it', async () => {
  const client = await Client.open()
  wire6('near', 'far')
  client.take('far', CLIENT)
  const stranger = JSON.parse(client.run('ip', '-json', 'link', 'show', 'far'))[0].address
  const responder = await startResponder([VIP])
  client.run('ip', 'address', 'add', `${VIP}/64`, 'dev', 'far')
  const state = () => client.run('ip', '-6', 'address', 'show', 'dev', 'far', 'to', VIP)
  await until(() => !/tentative(?! dadfailed)/.test(state().replace('dadfailed tentative', '')), 'the end of the check')
  assert.match(state(), /dadfailed/)
  const said = JSON.parse(await responder.says('"conflict"'))
  assert.deepEqual([said.ip, said.mac, said.link], [VIP, stranger, 'near'])
})

test('ndisc6 and arping find the address', async () => {
  const client = await Client.open()
  wire6('near', 'far')
  const mac = macOf('near')
  client.take('far', CLIENT, '198.51.100.9/24')
  await startResponder([VIP])
  await startResponder(['198.51.100.1'])
  assert.equal(client.run('ndisc6', '-q', '-1', '-n', VIP, 'far').trim().toLowerCase(), mac)
  assert.match(client.run('arping', '-c', '1', '-i', 'far', '198.51.100.1'), new RegExp(`from ${mac} `))
})

const ours = (frame: Uint8Array) => frame[12] === 0x08 || frame[54] === 136

test('tshark has nothing to complain about in any frame that we send', async () => {
  wire6('near', 'far')
  const tap = await startTap('far')
  await startResponder([VIP])
  await startResponder(['198.51.100.1'])
  tap.send(question())
  tap.send(question({ sourceIp: '::', linkLayer: null }))
  tap.send(question({ destination: macOf('near'), destinationIp: VIP, linkLayer: null }))
  const request = gratuitous('request', 0xc633_6401, STATION)
  for (const senderIp of [0xc633_6409, 0]) tap.send(encodeArp({ ...request, senderIp }))
  const frames = (await tap.settle(300)).filter(ours)
  assert.ok(frames.length >= 8, `${frames.length} frames`)
  const directory = mkdtempSync(join(tmpdir(), 'wire-ndp-'))
  cleanUps.push(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'frames.pcap')
  writeFileSync(file, pcap(frames))
  const fields = ['_ws.malformed', '_ws.expert.message', 'icmpv6.checksum.status', '_ws.col.Info']
  const args = ['-r', file, '-o', 'ip.check_checksum:TRUE', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
  const lines = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')
  const rows = lines.filter((line) => line !== '').map((line) => line.split('\t'))
  assert.equal(rows.length, frames.length)
  for (const [malformed, expert, checksum, info = ''] of rows) {
    assert.deepEqual([malformed, expert], ['', ''], info)
    assert.ok(checksum === '' || checksum === '1', `${info}: checksum ${checksum}`)
    assert.match(info, /^Neighbor Advertisement 2001:db8::1 \((?:sol, ovr|ovr)\)|198\.51\.100\.1/)
  }
})

/** The link-local address of an interface that has no other. */
function linkLocalOf(name: string): string {
  const [link] = JSON.parse(execFileSync('ip', ['-6', '-json', 'address', 'show', name], { encoding: 'utf8' }))
  return link.addr_info[0].local
}

test('advertisements that nobody asked for: five rounds, 1.1 s apart', async () => {
  wire6('near', 'far')
  const tap = await startTap('far')
  const startedMs = performance.now()
  await startResponder([VIP])
  await sleep(5500)
  const expected = unsolicited(VIP, macOf('near'), linkLocalOf('near'))
  assert.deepEqual(
    advertisements(tap.take()),
    Array.from({ length: 5 }, () => expected),
  )
  assert.ok(performance.now() - startedMs > 4400)
  assert.deepEqual(advertisements(await tap.settle(1500)), [])
})

test('an interface that appears later is answered on once its link-local address is in use', async () => {
  wire('near', 'far')
  const responder = await startResponder([VIP])
  await responder.says('nothing answers NDP for 2001:db8::1')
  wire('late', 'later')
  execFileSync('sysctl', ['-qw', 'net.ipv6.conf.late.disable_ipv6=0']) // and is checked for duplicates first
  const tap = await startTap('later')
  await responder.says('created NDP responder')
  await until(() => advertisements(tap.take()).length > 0, 'the announcement')
  assert.equal(await isAnswered(tap), true)
  execFileSync('sysctl', ['-qw', 'net.ipv6.conf.late.disable_ipv6=1'])
  await sleep(300)
  assert.equal(await isAnswered(tap), false)
})

test('after SIGSTOP longer than the limit: silence until confirmed; SIGTERM ends it', async () => {
  wire6('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP])
  assert.equal(await isAnswered(tap), true)
  await freeze(responder.process.pid ?? 0)
  tap.send(question())
  await sleep(1000)
  responder.process.kill('SIGCONT')
  await responder.says('suspended')
  assert.deepEqual(advertisements(await tap.settle(1500)), [])
  assert.equal(await isAnswered(tap), false)
  responder.process.kill('SIGUSR1')
  await until(() => advertisements(tap.take()).length > 0, 'the announcement')
  assert.equal(await isAnswered(tap), true)
  await responder.terminate()
  assert.equal(await isAnswered(tap), false)
})

test('CAP_NET_RAW alone is enough', async () => {
  wire6('near', 'far')
  const tap = await startTap('far')
  const only = ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all,+net_raw']
  await startResponder([VIP], only)
  assert.equal(await isAnswered(tap), true)
})

test('where the kernel has no memory for filters and memberships, questions are answered all the same', async () => {
  wire6('near', 'far')
  execFileSync('sysctl', ['-qw', 'net.core.optmem_max=50'])
  cleanUps.push(() => execFileSync('sysctl', ['-qw', 'net.core.optmem_max=131072']))
  const tap = await startTap('far')
  await startResponder([VIP])
  assert.equal(await isAnswered(tap), true)
  const [link] = JSON.parse(execFileSync('ip', ['-details', '-json', 'link', 'show', 'near'], { encoding: 'utf8' }))
  assert.equal(link.allmulti, 1, 'every group is listened to')
})

test('a switch that snoops on memberships lets the questions through', async () => {
  ip('link', 'add', 'middle', 'type', 'bridge', 'mcast_snooping', '1', 'mcast_query_response_interval', '50')
  cleanUps.push(() => ip('link', 'del', 'middle'))
  enableIpv6('middle') // to ask for memberships it needs an address
  ip('link', 'set', 'middle', 'up', 'type', 'bridge', 'mcast_querier', '1') // believed after the interval
  wire('near', 'port1')
  wire('far', 'port2')
  for (const port of ['port1', 'port2']) ip('link', 'set', port, 'master', 'middle')
  enableIpv6('near')
  const tap = await startTap('far')
  const nearTap = await startTap('near')
  const other = question({ target: '2001:db8::2', ...solicitedNode('2001:db8::2') })
  const passes = async (frame: Uint8Array) => {
    nearTap.take()
    tap.send(frame)
    await tap.settle(50)
    return nearTap.take().some((heard) => heard[54] === 135)
  }
  let isSnooping = false
  for (let i = 0; i < 100 && !isSnooping; i++) isSnooping = !(await passes(other))
  assert.ok(isSnooping, 'the bridge keeps back what nobody has joined')
  assert.equal(await passes(question()), false)
  await startResponder([VIP])
  let isHeard = false
  for (let i = 0; i < 20 && !isHeard; i++) isHeard = await isAnswered(tap)
  assert.ok(isHeard, 'the bridge has heard of the membership')
  assert.equal(await passes(other), false)
})

/** A capture file of Ethernet frames (libpcap 2.4). */
function pcap(frames: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2_c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(1, 20)
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return [record, frame]
  })
  return Buffer.concat([header, ...records])
}
